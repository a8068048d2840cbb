package redisserver_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
)

func TestFailover(t *testing.T) {
	r := redisserver.StartReplicated(t)
	if url := r.URL(); !strings.HasPrefix(url, "redis+sentinel://127.0.0.1:") || strings.Count(url, "&addr=") != 2 {
		t.Errorf("URL %s", url)
	}
	o, err := redis.ParseFailoverURL(strings.Replace(r.URL(), "redis+sentinel", "redis", 1))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewFailoverClient(o)
	t.Cleanup(func() { client.Close() })
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Primary.Client(t).Wait(t.Context(), 1, 30*time.Second).Result(); n != 1 || err != nil {
		t.Fatalf("%d replicas, error %v", n, err)
	}
	if err := r.Replica.Client(t).Set(t.Context(), "key", "other", 0).Err(); !redis.IsReadOnlyError(err) {
		t.Errorf("the replica takes writes: error %v", err)
	}
	start := time.Now()
	r.Failover(t)
	t.Logf("the failover took %v", time.Since(start))
	if err := client.Set(t.Context(), "other", "value", 0).Err(); err != nil {
		t.Errorf("after the failover: %v", err)
	}
	if got, err := client.Get(t.Context(), "key").Result(); got != "value" || err != nil {
		t.Errorf("after the failover: %q, error %v", got, err)
	}
}

func TestCluster(t *testing.T) {
	c := redisserver.StartCluster(t)
	o, err := redis.ParseClusterURL(strings.Replace(c.URL(), "redis+cluster", "redis", 1))
	if err != nil || len(o.Addrs) != 3 {
		t.Fatalf("%s: %v, error %v", c.URL(), o, err)
	}
	client := redis.NewClusterClient(o)
	t.Cleanup(func() { client.Close() })
	for i := range 100 {
		if err := client.Set(t.Context(), strconv.Itoa(i), "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range c.Nodes {
		if n, err := node.Client(t).DBSize(t.Context()).Result(); n == 0 || err != nil {
			t.Errorf("%s has %d keys, error %v", node.Addr(), n, err)
		}
	}
}

func TestProxy(t *testing.T) {
	server := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, server.Addr())
	direct := server.Client(t)
	o := redisserver.Options(proxy.Addr())
	o.MaxRetries = -1
	client := redis.NewClient(o)
	t.Cleanup(func() { client.Close() })
	increment := func(ctx context.Context) error { return client.Incr(ctx, "key").Err() }
	silent := func(how string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := increment(ctx); !errors.Is(err, context.DeadlineExceeded) && !os.IsTimeout(err) {
			t.Errorf("%s: error %v, want a time-out", how, err)
		}
	}
	rude := func(how string) {
		t.Helper()
		if err := increment(t.Context()); err == nil || os.IsTimeout(err) {
			t.Errorf("%s: error %v, want one of the connection", how, err)
		}
	}
	// The server carries out in the end what it is sent, and afterwards one more.
	wantThen := func(how string, want int) {
		t.Helper()
		n, err := direct.Get(t.Context(), "key").Int()
		for end := time.Now().Add(time.Minute); err == nil && n < want && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			n, err = direct.Get(t.Context(), "key").Int()
		}
		if n != want || err != nil {
			t.Errorf("%s: the server has %d, error %v, want %d", how, n, err, want)
		}
		proxy.Pass()
		if err := increment(t.Context()); err != nil {
			t.Errorf("after %s: %v", how, err)
		}
	}
	if err := increment(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.BlackHole()
	silent("black hole")
	wantThen("black hole", 1)
	proxy.Reset()
	rude("reset")
	wantThen("reset", 2)
	proxy.Delay(time.Millisecond)
	if err := increment(t.Context()); err != nil {
		t.Errorf("delay: %v", err)
	}
	proxy.Hold()
	silent("held")
	if n, err := direct.Get(t.Context(), "key").Int(); n != 4 || err != nil {
		t.Errorf("held: the server has %d, error %v", n, err)
	}
	proxy.Pass()
	wantThen("held", 5) // what a client gave up may happen all the same
	proxy.DropReplies(1, func(args []string) bool { return args[0] == "incr" && args[1] == "key" })
	if client.Ping(t.Context()).Err() != nil || proxy.Dropped() != 0 {
		t.Error("lost a reply that does not match")
	}
	rude("lost reply")
	wantThen("lost reply", 7)
	if proxy.Dropped() != 1 {
		t.Errorf("lost %d replies", proxy.Dropped())
	}
}

// The proxy passes on each kind of reply unchanged.
func TestProxyPassesEverything(t *testing.T) {
	server := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, server.Addr())
	for protocol := 2; protocol <= 3; protocol++ {
		o := redisserver.Options(proxy.Addr())
		o.Protocol = protocol
		client := redis.NewClient(o)
		t.Cleanup(func() { client.Close() })
		ctx := t.Context()
		large := strings.Repeat("large\r\n", 100_000)
		if err := client.Set(ctx, "large", large, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Get(ctx, "large").Result(); err != nil || got != large {
			t.Errorf("got %d bytes, error %v", len(got), err)
		}
		cmds, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, "hash", "field", "value")
			p.HGetAll(ctx, "hash")
			p.Get(ctx, "nothing")
			p.ZAdd(ctx, "set", redis.Z{Score: 1.5, Member: "one"})
			p.ZRangeWithScores(ctx, "set", 0, -1)
			p.Eval(ctx, "return {1, {'two', false}, {}}", nil)
			p.ConfigGet(ctx, "save")
			return nil
		})
		if err != redis.Nil || len(cmds) != 7 {
			t.Errorf("error %v", err)
		}
		if got := cmds[1].(*redis.MapStringStringCmd).Val()["field"]; got != "value" {
			t.Errorf("got %q", got)
		}
		if got := cmds[4].(*redis.ZSliceCmd).Val(); len(got) != 1 || got[0].Score != 1.5 {
			t.Errorf("got %v", got)
		}
		if err := client.Do(ctx, "nonsense").Err(); err == nil || !strings.Contains(err.Error(), "unknown command") {
			t.Errorf("error %v", err)
		}
	}
}
