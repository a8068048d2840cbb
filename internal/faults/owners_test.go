package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/redistest"
	"github.com/seed48429006/sessions/session"
)

// A counter is a hook that counts commands.
type counter struct{ atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() != "hello" && cmd.Name() != "client" {
			c.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "get" {
			c.Add(int64(len(cmds)))
		}
		return next(ctx, cmds)
	}
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
	data, err := codec.AppendRecord(nil, &rec, 1, codec.MessagePack[basket]())
	must(t, err)
	for first := 0; first < n; first += 10_000 {
		must(t, crowding.Run(t.Context(), client, nil, namespace, data, first, min(first+10_000, n), end.UnixMilli()).Err())
	}
	if size, err := client.DBSize(t.Context()).Result(); int(size) < n || err != nil {
		t.Fatalf("%d keys, error %v", size, err)
	}
}

// What it costs to list and to end an owner's sessions depends on how many that
// are, and not on how many there are of others.
func TestOwnersAtScale(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Start(t).URL(), nil, nil)
	s.get("/logout", s.customer(t, "warm")) // so that the server has all scripts
	commands := new(counter)
	s.client.AddHook(commands)
	const sessions = 3
	measure := func(others int) (list, revoke int64) {
		crowd(t, s.client, others)
		for range sessions {
			s.customer(t, "ada")
		}
		start := time.Now()
		commands.Store(0)
		found := 0
		for _, err := range s.List(t.Context(), "ada") {
			must(t, err)
			found++
		}
		list = commands.Swap(0)
		if n, err := s.RevokeAll(t.Context(), "ada"); n != sessions || found != sessions || err != nil {
			t.Errorf("with %d others: listed %d, ended %d, error %v", others, found, n, err)
		}
		revoke = commands.Load()
		t.Logf("with %d others: %d commands to list, %d to end, %v", others, list, revoke, time.Since(start))
		return list, revoke
	}
	list, revoke := measure(1)
	if list != 1+sessions || revoke > 3+3*sessions {
		t.Errorf("%d sessions take %d commands to list and %d to end", sessions, list, revoke)
	}
	if l, r := measure(100_000); l != list || r != revoke {
		t.Errorf("with many others, it takes %d commands to list and %d to end; with few, %d and %d", l, r, list, revoke)
	}
}

func BenchmarkOwners(b *testing.B) {
	for _, others := range []int{1, 1000, 1_000_000} {
		s := newSite(b, redistest.Start(b).URL(), nil, nil)
		crowd(b, s.client, others)
		b.Run(fmt.Sprintf("list 10 of %d", others+10), func(b *testing.B) {
			for range 10 {
				s.customer(b, "ada")
			}
			for b.Loop() {
				for _, err := range s.List(b.Context(), "ada") {
					must(b, err)
				}
			}
		})
		b.Run(fmt.Sprintf("end 10 of %d", others+10), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s.RevokeAll(b.Context(), "ada")
				for range 10 {
					s.customer(b, "ada")
				}
				b.StartTimer()
				if n, err := s.RevokeAll(b.Context(), "ada"); n != 10 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// However many log in at once, an owner has no more sessions than allowed, and
// does not lose all of them either.
func TestMaxPerOwnerAtOnce(t *testing.T) {
	t.Parallel()
	const most = 5
	s := newSite(t, redistest.Start(t).URL(), &sessions.Options{MaxPerOwner: most}, nil)
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
	n := len(s.stored(t))
	if n > most || n == 0 {
		t.Errorf("ada has %d sessions, want at most %d, and some", n, most)
	}
	t.Logf("%d of at most %d are left", n, most)
}

// All sees the sessions on every node of a cluster, and an owner's sessions are
// found wherever they are.
func TestAllInACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
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
	if ended, err := s.RevokeAll(t.Context(), "ada"); ended != n/2 || err != nil {
		t.Errorf("RevokeAll ended %d, error %v, want %d", ended, err, n/2)
	}
	if found := len(s.stored(t)); found != n-n/2 {
		t.Errorf("All yields %d sessions after that, want %d", found, n-n/2)
	}
}
