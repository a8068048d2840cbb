package redisstore_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// all returns how often All yields each ID.
func all(t *testing.T, s store) map[session.ID]int {
	t.Helper()
	found := map[session.ID]int{}
	for rec, err := range s.All(t.Context()) {
		must(t, err)
		found[rec.ID]++
	}
	return found
}

func TestNamespacesAreApart(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		namespaces := []string{"a", "b", "a:b", "a*", "*", "?", "[ab]", "[^b]", `a\`, `\a`, "a]", "a?", "A", " ", "{a}", "ä", "owner", "a:owner:b"}
		stores := map[string]store{}
		recs := map[string]session.Record[cart]{}
		for _, name := range namespaces {
			s, err := redisstore.New(client, name, codec.MessagePack[cart](), nil)
			must(t, err)
			stores[name], recs[name] = s, saved(t, s, "anna")
		}
		for _, name := range namespaces {
			s, rec := stores[name], recs[name]
			if found := all(t, s); len(found) != 1 || found[rec.ID] != 1 {
				t.Errorf("%q: All yields %v, want only %v", name, found, rec.ID)
			}
			if ids := owned(t, s, "anna"); len(ids) != 1 || ids[0] != rec.ID {
				t.Errorf("%q: ByOwner yields %v, want only %v", name, ids, rec.ID)
			}
			for _, other := range namespaces {
				if _, err := stores[other].Load(t.Context(), rec.ID); (err == nil) != (other == name) {
					t.Errorf("%q loads a session of %q: error %v", other, name, err)
				}
			}
		}
	})
}

func TestAllFindsEverything(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s, ctx := newStore(t, client), t.Context()
	const n = 2500
	want := map[session.ID]bool{}
	for i := range n {
		rec := draft([]string{"", "anna"}[i%2])
		must(t, s.Save(ctx, &rec))
		want[rec.ID] = true
	}
	must(t, client.Set(ctx, "carts:not-an-id", "x", time.Hour).Err())
	must(t, client.Set(ctx, "carts:0123456789012345678901234567890123456789_-!", "x", time.Hour).Err())
	for id := range all(t, s) {
		if !want[id] {
			t.Errorf("yielded %v, which is no session", id)
		}
		delete(want, id)
	}
	if len(want) != 0 {
		t.Errorf("%d of %d sessions were not yielded", len(want), n)
	}
	yielded := 0
	for range s.All(ctx) {
		if yielded++; yielded == 3 {
			break
		}
	}
	if yielded != 3 {
		t.Errorf("yielded %d after break", yielded)
	}
}

// someClient is a client of a kind that is not known.
type someClient struct{ redis.UniversalClient }

func TestAllNeedsToKnowTheServers(t *testing.T) {
	client := redisserver.Start(t).Client(t)
	s := newStore(t, someClient{client})
	rec := saved(t, s, "anna")
	if ids := owned(t, s, "anna"); len(ids) != 1 || ids[0] != rec.ID {
		t.Errorf("ByOwner yields %v", ids)
	}
	var errs []error
	for _, err := range s.All(t.Context()) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], session.ErrUnsupported) {
		t.Errorf("All yields the errors %v, want ErrUnsupported", errs)
	}
}

// Another server, with other sessions or none, answers under the same name before the
// list has ended. What was listed is not all, and is not passed off as that.
func TestAllNoticesAnotherServer(t *testing.T) {
	t.Parallel()
	first, second := redisserver.Start(t), redisserver.Start(t)
	for name, change := range map[string]func(*testing.T, *redis.Client){
		"in its place": func(t *testing.T, client *redis.Client) {
			must(t, first.Client(t).ClientKillByFilter(t.Context(), "TYPE", "normal").Err())
		},
		"as its primary": func(t *testing.T, client *redis.Client) {
			must(t, client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, first.Client(t).Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
			var moved atomic.Bool
			o := redisserver.Options(first.Addr())
			o.MinRetryBackoff, o.MaxRetries = -1, 3
			o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if moved.Load() {
					addr = second.Addr()
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
			client := clientOf(t, o)
			s, ctx := newStore(t, client), t.Context()
			for range 2500 {
				saved(t, s, "")
			}
			var errs []error
			n := 0
			for _, err := range s.All(ctx) {
				if n++; n == 1 {
					moved.Store(true)
					change(t, client)
				}
				if err != nil {
					errs = append(errs, err)
				}
			}
			if len(errs) != 1 || !errors.Is(errs[0], session.ErrUnavailable) {
				t.Errorf("yielded %d records and the errors %v, want ErrUnavailable", n, errs)
			}
		})
	}
}

// All goes through a whole cluster, and notices that a slot has another server.
func TestAllInACluster(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t)
	s, ctx := newStore(t, newClient(t, cluster.URL())), t.Context()
	for range 30 {
		saved(t, s, "")
	}
	if n := len(all(t, s)); n != 30 {
		t.Errorf("All yields %d sessions, want 30", n)
	}
	to := cluster.Nodes[0].Client(t)
	id, err := to.Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	var errs []error
	n := 0
	for _, err := range s.All(ctx) {
		if n++; n == 1 {
			const slot = 16000
			for _, node := range cluster.Nodes {
				must(t, node.Client(t).Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", id).Err())
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) != 1 || !errors.Is(errs[0], session.ErrUnavailable) {
		t.Errorf("yielded %d records and the errors %v, want ErrUnavailable", n, errs)
	}
}
