package redisstore_test

import (
	"context"
	"errors"
	"slices"
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

// A meanwhile is a hook that does something once, between the command that reads
// an index and the ones that read its records.
type meanwhile struct {
	tape
	do func()
}

func (m *meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if do := m.do; do != nil && cmds[0].Name() == "get" {
			m.do = nil
			do()
		}
		return next(ctx, cmds)
	}
}

// A session that is renewed while its owner's are listed does not slip through,
// also if it is renewed twice.
func TestByOwnerFindsWhatIsRenewed(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		other := redis.NewClient(client.Options())
		t.Cleanup(func() { other.Close() })
		s, there, ctx := newStore(t, client), newStore(t, other), t.Context()
		kept, now := saved(t, there, "anna"), saved(t, there, "anna")
		hook := new(meanwhile)
		client.AddHook(hook)
		renew := func() {
			next := saved(t, there, "anna")
			must(t, there.Retire(ctx, now.ID, now.Revision, session.ID{}, in(time.Minute)))
			now = next
		}
		for _, twice := range []bool{false, true} {
			hook.do = func() {
				renew()
				if twice {
					hook.do = renew
				}
			}
			ids := owned(t, s, "anna")
			if len(ids) != 2 || !slices.Contains(ids, kept.ID) || !slices.Contains(ids, now.ID) {
				t.Errorf("twice %v: yielded %v, want %v and %v", twice, ids, kept.ID, now.ID)
			}
		}
	})
}

// between runs GETs of a pipeline one after the other, those of one key first, and
// acts after the first.
type between struct {
	key string
	act func()
}

func (b *between) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		first := slices.IndexFunc(cmds, func(c redis.Cmder) bool { return len(c.Args()) > 1 && c.Args()[1] == b.key })
		if first < 0 || b.act == nil {
			return next(ctx, cmds)
		}
		err := next(ctx, cmds[first:first+1])
		b.act()
		b.act = nil
		for i, c := range cmds {
			if i != first {
				err = errors.Join(err, next(ctx, []redis.Cmder{c}))
			}
		}
		return err
	}
}

// A session that is renewed between two reads of a list is found: its new record
// was looked for before it was stored, its old one after it was retired.
func TestByOwnerFindsASessionRenewedBetweenReads(t *testing.T) {
	server := redisserver.Start(t)
	client, direct := server.Client(t), server.Client(t)
	s, other := newStore(t, client), newStore(t, direct)
	old, next := saved(t, other, "anna"), saved(t, other, "anna")
	stored, err := direct.Get(t.Context(), key(next.ID)).Bytes()
	must(t, err)
	must(t, direct.Del(t.Context(), key(next.ID)).Err()) // the index has it, as it does before a record is stored
	client.AddHook(&between{key(next.ID), func() {
		must(t, direct.Set(t.Context(), key(next.ID), stored, time.Minute).Err())
		must(t, other.Retire(t.Context(), old.ID, old.Revision, next.ID, in(time.Minute)))
	}})
	if ids := owned(t, s, "anna"); len(ids) != 1 || ids[0] != next.ID {
		t.Errorf("found %v, want %v", ids, next.ID)
	}
}
