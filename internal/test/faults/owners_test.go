package faults_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// work is what a server has done: how often it ran which command, those of
// scripts too, and for how long.
type work struct {
	calls map[string]int
	took  time.Duration
}

// worked returns what the server does for f. Nobody else may use it meanwhile.
func worked(t testing.TB, client redis.UniversalClient, f func()) work {
	t.Helper()
	must(t, client.ConfigResetStat(t.Context()).Err())
	f()
	info, err := client.Info(t.Context(), "commandstats").Result()
	must(t, err)
	w := work{calls: make(map[string]int)}
	for line := range strings.Lines(info) {
		name, stats, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		var calls, usec int
		if _, err := fmt.Sscanf(stats, "%d,usec=%d", &calls, &usec); !ok || err != nil {
			continue
		}
		command, _, _ := strings.Cut(name, "|")
		if !slices.Contains([]string{"config", "info", "hello", "client", "ping"}, command) {
			w.calls[command] += calls
			w.took += time.Duration(usec) * time.Microsecond
		}
	}
	return w
}

// crowding is a script that makes sessions, ten to an owner.
var crowding = redis.NewScript(`
	for i = tonumber(ARGV[3]), tonumber(ARGV[4]) - 1 do
		local id, index = string.format('%042dA', i), ARGV[1] .. ':owner:' .. string.format('%042dA', math.floor(i / 10))
		redis.call('SET', ARGV[1] .. ':' .. id, ARGV[2], 'PX', 3600000)
		redis.call('ZADD', index, ARGV[5], id)
		redis.call('PEXPIRE', index, 3660000)
	end
	return 0`)

// crowd fills Redis with so many sessions of others.
func crowd(t testing.TB, client redis.UniversalClient, n int) {
	t.Helper()
	now := time.Now()
	end := now.Add(time.Hour)
	rec := session.Record[basket]{Owner: "other", Created: now, Renewed: now, Deadline: end, Expires: end,
		Value: basket{Customer: "other", Items: []string{"one", "two", "three"}}}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.MessagePack[basket]())
	must(t, err)
	for first := 0; first < n; first += 1000 {
		must(t, crowding.Run(t.Context(), client, nil, namespace, data, first, min(first+1000, n), end.UnixMilli()).Err())
	}
	if size, err := client.DBSize(t.Context()).Result(); int(size) < n || err != nil {
		t.Fatalf("%d keys, error %v", size, err)
	}
}

// others is how many sessions of others there are when costs are measured:
// SESSIONS_OTHERS, if that is set.
func others(t testing.TB) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("SESSIONS_OTHERS"), "50000"))
	must(t, err)
	return n
}

// The cost of listing and ending an owner's sessions depends on their number, not
// on the number of other owners' sessions.
func TestOwnersAtScale(t *testing.T) {
	s := newSite(t, redisserver.Start(t).URL(), nil, nil)
	s.get("/logout", s.customer(t, "warm")) // so that the server has all scripts
	measure := func(others, sessions int) (list, end work) {
		for range sessions {
			s.begin(t, "ada")
		}
		found, ended := 0, 0
		start := time.Now()
		list = worked(t, s.client, func() {
			for _, err := range s.ByOwner(t.Context(), "ada") {
				must(t, err)
				found++
			}
		})
		listed := time.Now()
		end = worked(t, s.client, func() {
			var err error
			ended, err = s.RevokeAll(t.Context(), "ada", "")
			must(t, err)
		})
		if found != sessions || ended != sessions {
			t.Errorf("listed %d, ended %d, want %d", found, ended, sessions)
		}
		t.Logf("%d sessions among %d: list %v, server %v, %v; end %v, server %v, %v", sessions, others,
			listed.Sub(start), list.took, list.calls, time.Since(listed), end.took, end.calls)
		return list, end
	}
	check := func(what string, sessions int, few, many work) {
		if !maps.Equal(few.calls, many.calls) {
			t.Errorf("to %s %d sessions takes %v; with others, %v", what, sessions, few.calls, many.calls)
		}
	}
	numbers := []int{10, 100, 1000}
	lists, endings := make([]work, len(numbers)), make([]work, len(numbers))
	for i, n := range numbers {
		lists[i], endings[i] = measure(0, n)
		if want := (map[string]int{"zrange": 1, "getrange": n}); !maps.Equal(lists[i].calls, want) {
			t.Errorf("to list %d sessions takes %v, want %v", n, lists[i].calls, want)
		}
		// The outlines are read twice, and for each session a script reads its owner and deletes it.
		want := map[string]int{"zrange": 1, "evalsha": n, "getrange": 4 * n, "del": n, "zrem": n}
		if !maps.Equal(endings[i].calls, want) {
			t.Errorf("to end %d sessions takes %v, want %v", n, endings[i].calls, want)
		}
	}
	crowd(t, s.client, others(t))
	for i, n := range numbers {
		list, end := measure(others(t), n)
		check("list", n, lists[i], list)
		check("end", n, endings[i], end)
	}
}

// begin stores a session of an owner.
func (s *site) begin(t testing.TB, owner string) {
	t.Helper()
	now := time.Now()
	must(t, s.store.Save(t.Context(), &session.Record[basket]{ID: session.NewID(), Owner: owner, Created: now, Renewed: now,
		Deadline: now.Add(time.Hour), Expires: now.Add(time.Hour), Value: basket{Customer: owner}}))
}

func BenchmarkOwners(b *testing.B) {
	for _, others := range []int{1, others(b)} {
		s := newSite(b, redisserver.Start(b).URL(), nil, nil)
		crowd(b, s.client, others)
		b.Run(fmt.Sprintf("list 10 of %d", others+10), func(b *testing.B) {
			for range 10 {
				s.begin(b, "ada")
			}
			for b.Loop() {
				for _, err := range s.ByOwner(b.Context(), "ada") {
					must(b, err)
				}
			}
		})
		b.Run(fmt.Sprintf("end 10 of %d", others+10), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s.RevokeAll(b.Context(), "ada", "")
				for range 10 {
					s.begin(b, "ada")
				}
				b.StartTimer()
				if n, err := s.RevokeAll(b.Context(), "ada", ""); n != 10 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// However many log in at once, an owner has as many sessions as allowed: those
// that log in do not end each other.
func TestMaxPerOwnerAtOnce(t *testing.T) {
	t.Parallel()
	const most = 5
	s := newSite(t, redisserver.Start(t).URL(), &sessions.Options{MaxPerOwner: most}, nil)
	visitors := make([]string, 100)
	for i := range visitors {
		visitors[i] = s.visitor(t)
	}
	var busy sync.WaitGroup
	for _, cookie := range visitors {
		busy.Go(func() {
			if got := s.get("/login?as=ada", cookie); got.status != http.StatusOK {
				t.Errorf("%+v, error %v", got, s.failure())
			}
		})
	}
	busy.Wait()
	if n := len(s.stored(t)); n != most {
		t.Errorf("ada has %d sessions, want %d", n, most)
	}
}

// All sees the sessions on every node of a cluster, and an owner's sessions are
// found wherever they are.
func TestAllInACluster(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t)
	s := newSite(t, cluster.URL(), nil, nil)
	const n = 40
	for i := range n {
		if i%2 == 0 {
			s.visitor(t)
		} else {
			must(t, failing(s.get("/login?as=ada", "")))
		}
	}
	for _, node := range cluster.Nodes {
		if size, err := node.Client(t).DBSize(t.Context()).Result(); size == 0 || err != nil {
			t.Errorf("%s has no keys, error %v", node.Addr(), err)
		}
	}
	if found := len(s.stored(t)); found != n {
		t.Errorf("All yields %d sessions, want %d", found, n)
	}
	if ended, err := s.RevokeAll(t.Context(), "ada", ""); ended != n/2 || err != nil {
		t.Errorf("RevokeAll ended %d, error %v, want %d", ended, err, n/2)
	}
	if found := len(s.stored(t)); found != n-n/2 {
		t.Errorf("All yields %d sessions after that, want %d", found, n-n/2)
	}
}
