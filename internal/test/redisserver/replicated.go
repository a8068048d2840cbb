package redisserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// masterName is the Sentinels' name for the servers that they watch.
const masterName = "sessions"

// A Replicated is a primary with a replica, and three Sentinels that make the
// replica the primary when the primary is gone, in one to three seconds.
type Replicated struct {
	Primary, Replica *Server // as they were at the start
	Sentinels        []*Server
}

// StartReplicated starts a primary, with these arguments, its replica, and three
// Sentinels, and waits until a failover could succeed. They end with the test.
func StartReplicated(tb testing.TB, args ...string) *Replicated {
	tb.Helper()
	Long(tb)
	// The backlog begins with the first replica. Without a delay, the transfer to
	// it does not wait for others that may come.
	args = append([]string{"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"}, args...)
	r := &Replicated{Primary: Start(tb, args...)}
	r.Replica = Start(tb, append(args, "--replicaof", "127.0.0.1 "+r.Primary.port())...)
	replica := r.Replica.Client(tb)
	within(tb, "the replica does not follow its primary", func() bool {
		info, err := replica.Info(context.Background(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	r.watch(tb)
	return r
}

// watch starts the Sentinels. They are told of each other, which they would
// otherwise need seconds to find out.
func (r *Replicated) watch(tb testing.TB) {
	tb.Helper()
	type peer struct{ id, port string }
	var peers []peer
	for range 3 {
		id := fmt.Sprintf("%x", random(20))
		s := launch(tb, freePort, func(port int, dir string) ([]string, error) {
			var config strings.Builder
			config.WriteString(fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel myid %s\n"+
				"sentinel monitor %[4]s 127.0.0.1 %[5]s 2\n"+
				"sentinel down-after-milliseconds %[4]s %[7]d\n"+
				"sentinel failover-timeout %[4]s 3000\n"+
				"sentinel known-replica %[4]s 127.0.0.1 %[6]s\n",
				port, dir, id, masterName, r.Primary.port(), r.Replica.port(), patience.Milliseconds()))
			for _, p := range peers {
				config.WriteString(fmt.Sprintf("sentinel known-sentinel %s 127.0.0.1 %s %s\n", masterName, p.port, p.id))
			}
			path := filepath.Join(dir, "sentinel.conf")
			return []string{path, "--sentinel"}, os.WriteFile(path, []byte(config.String()), 0o600)
		})
		peers = append(peers, peer{id, s.port()})
		r.Sentinels = append(r.Sentinels, s)
	}
	for _, s := range r.Sentinels {
		client := s.Client(tb)
		// A machine that stalls for two seconds makes a Sentinel doubt its clock and
		// stand aside for half a minute, unless told otherwise. Versions before 7
		// cannot be told.
		client.Do(context.Background(), "SENTINEL", "DEBUG", "tilt-trigger", patience.Milliseconds(), "tilt-period", "500").Err()
		within(tb, "a Sentinel does not find the others", func() bool {
			info, err := client.Info(context.Background(), "sentinel").Result()
			return err == nil && strings.Contains(info, "status=ok") &&
				strings.Contains(info, ",slaves=1,sentinels=3")
		})
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// URL returns the Sentinels' addresses as a redis+sentinel:// URL, with the
// parameters of [URL].
func (r *Replicated) URL() string {
	return "redis+sentinel://" + r.Sentinels[0].Addr() + "?master_name=" + masterName +
		"&addr=" + r.Sentinels[1].Addr() + "&addr=" + r.Sentinels[2].Addr() + "&" + waits
}

// Failover kills the primary and waits until the replica has taken over and the
// Sentinels say so.
func (r *Replicated) Failover(tb testing.TB) {
	tb.Helper()
	r.Primary.Kill()
	r.AwaitFailover(tb)
}

// AwaitFailover waits until all Sentinels name the replica. Only during this wait do they
// take a primary to be down after half a second of silence: at other times, a busy
// machine would make them do so.
func (r *Replicated) AwaitFailover(tb testing.TB) {
	tb.Helper()
	r.downAfter(tb, 500*time.Millisecond)
	defer r.downAfter(tb, patience)
	for _, s := range r.Sentinels {
		sentinel := redis.NewSentinelClient(Options(s.Addr()))
		within(tb, "there is no failover", func() bool {
			addr, err := sentinel.GetMasterAddrByName(context.Background(), masterName).Result()
			return err == nil && net.JoinHostPort(addr[0], addr[1]) == r.Replica.Addr()
		})
		sentinel.Close()
	}
}

// downAfter tells the Sentinels how long a primary that is down is silent.
func (r *Replicated) downAfter(tb testing.TB, d time.Duration) {
	tb.Helper()
	for _, s := range r.Sentinels {
		sentinel := redis.NewSentinelClient(Options(s.Addr()))
		err := sentinel.Set(context.Background(), masterName, "down-after-milliseconds", strconv.FormatInt(d.Milliseconds(), 10)).Err()
		sentinel.Close()
		if err != nil {
			tb.Fatalf("redisserver: %v", err)
		}
	}
}

// within fails the test if it takes too long until ready reports true.
func within(tb testing.TB, otherwise string, ready func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("redisserver: %s", otherwise)
		}
	}
}
