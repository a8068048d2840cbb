package redisstore_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// entries returns the members of the only index, with the times when they end.
func entries(t *testing.T, client *redis.Client) map[string]time.Time {
	t.Helper()
	keys := ownerKeys(t, client)
	if len(keys) == 0 {
		return nil
	}
	if len(keys) > 1 {
		t.Fatalf("there are the indexes %v, want one", keys)
	}
	members, err := client.ZRangeWithScores(t.Context(), keys[0], 0, -1).Result()
	must(t, err)
	found := map[string]time.Time{}
	for _, m := range members {
		found[m.Member.(string)] = time.UnixMilli(int64(m.Score))
	}
	return found
}

// near reports whether something ends when it should. It may be late by as much as
// a busy machine took for the commands, since began.
func near(got, want, began time.Time) bool {
	late := got.Sub(want)
	return late > -time.Second && late < time.Second+time.Since(began)
}

// endOf returns when a key ends.
func endOf(t *testing.T, client *redis.Client, key string) time.Time {
	t.Helper()
	ttl, err := client.PTTL(t.Context(), key).Result()
	must(t, err)
	return time.Now().Add(ttl)
}

// margin is how long an entry of the index outlives its session's deadline.
const margin = 2*time.Hour + time.Minute

func TestIndexEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx, began := newStore(t, client), t.Context(), time.Now()
		rec := saved(t, s, "anna")
		want := func(what string, end time.Time) {
			t.Helper()
			got := entries(t, client)
			if len(got) != 1 || !near(got[rec.ID.String()], end, began) {
				t.Errorf("%s: the index holds %v, want one entry until %v", what, got, end)
			}
			if got := endOf(t, client, ownerKeys(t, client)[0]); !near(got, end.Add(margin), began) {
				t.Errorf("%s: the index ends at %v, want the margin later than its last entry, %v", what, got, end)
			}
		}
		first := rec.Deadline
		want("created", first)
		rec.Deadline = in(48 * time.Hour)
		must(t, s.Save(ctx, &rec))
		want("deadline moved", rec.Deadline)
		later := rec.Deadline
		rec.Deadline = in(2 * time.Hour)
		must(t, s.Save(ctx, &rec))
		want("deadline moved back", later)
		must(t, s.Delete(ctx, rec.ID, 0))
		if got := entries(t, client); len(got) != 0 {
			t.Errorf("deleted: the index holds %v", got)
		}
	})
}

func TestIndexForgets(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		rec := saved(t, s, "anna")
		index := ownerKeys(t, client)[0]
		for member, age := range map[string]time.Duration{"long": margin + time.Second, "just": margin - time.Minute, "not": -time.Hour} {
			score := float64(time.Now().Add(-age).UnixMilli())
			must(t, client.ZAdd(ctx, index, redis.Z{Score: score, Member: member}).Err())
		}
		must(t, client.Persist(ctx, index).Err())
		other := saved(t, s, "anna")
		got, want := entries(t, client), []string{"just", "not", rec.ID.String(), other.ID.String()}
		for _, member := range want {
			if _, ok := got[member]; !ok {
				t.Errorf("the index has lost %s", member)
			}
		}
		if len(got) != len(want) {
			t.Errorf("the index holds %v, want %v", got, want)
		}
		if ttl, err := client.PTTL(ctx, index).Result(); err != nil || ttl < 0 {
			t.Errorf("the index lives for %v, error %v", ttl, err)
		}
		if ids := owned(t, s, "anna"); len(ids) != 2 {
			t.Errorf("entries that are none are listed: %v", ids)
		}
	})
}

// A node's clock is an hour ahead when it stores a session, and another's an hour
// behind when it uses it. The session is in its owner's index as long as it lives.
func TestIndexOutlivesTheSkewOfClocks(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		rec := saved(t, s, "anna")
		const skew = 2 * time.Hour
		// Two hours before the end that the second node has given it, the first one's is near.
		score := float64(time.Now().Add(time.Second).Add(-skew).UnixMilli())
		must(t, client.ZAdd(ctx, indexOf("anna"), redis.Z{Score: score, Member: rec.ID.String()}).Err())
		saved(t, s, "anna") // and all that has passed is taken out
		if ids := owned(t, s, "anna"); len(ids) != 2 || !slices.Contains(ids, rec.ID) {
			t.Errorf("the owner has %v, want %v too", ids, rec.ID)
		}
	})
}

// Every end takes the entry away.
func TestIndexLosesWhatEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		for range 3 {
			rec := saved(t, s, "anna")
			must(t, s.Delete(ctx, rec.ID, rec.Revision))
			must(t, s.Delete(ctx, saved(t, s, "anna").ID, 0))
		}
		if got := entries(t, client); len(got) != 0 {
			t.Errorf("the index holds %v", got)
		}
	})
}

// An entry comes before its record: at no moment is a live record of an owner
// missing from the owner's index, whatever is done to it.
func TestIndexComesFirst(t *testing.T) {
	t.Parallel()
	client := redisserver.Start(t).Client(t)
	s, ctx := newStore(t, client), t.Context()
	owners := []string{"anna", "bert", "cleo"}
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for i := range 100 {
				rec := draft(owners[n%3])
				if err := s.Save(ctx, &rec); err != nil {
					t.Error(err)
					return
				}
				rec.Owner, rec.Deadline = owners[(n+i)%3], rec.Deadline.Add(time.Hour)
				if err := s.Save(ctx, &rec); err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					s.Delete(ctx, rec.ID, 0)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for stop := false; !stop; {
		select {
		case <-done:
			stop = true // and look once more
		default:
		}
		for rec, err := range s.All(ctx) {
			must(t, err)
			if err := client.ZScore(ctx, indexOf(rec.Owner), rec.ID.String()).Err(); errors.Is(err, redis.Nil) {
				now, err := s.Load(ctx, rec.ID)
				if err == nil && now.Owner == rec.Owner {
					t.Fatalf("session %v of %s is live but not in the index", rec.ID, rec.Owner)
				}
			}
		}
	}
}

// indexOf returns the key of an owner's index.
func indexOf(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return "carts:owner:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// A Save that fails for good leaves at most an entry without a record.
func TestIndexOfAFailedSave(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		rec := saved(t, s, "anna")
		again := rec
		again.Revision = 0
		if err := s.Save(ctx, &again); !errors.Is(err, session.ErrExists) {
			t.Errorf("got error %v", err)
		}
		stale := rec
		stale.Revision++
		stale.Owner = "bert"
		if err := s.Save(ctx, &stale); !errors.Is(err, session.ErrConflict) {
			t.Errorf("got error %v", err)
		}
		if keys := ownerKeys(t, client); len(keys) != 1 {
			t.Errorf("a conflict made an index: %v", keys)
		}
		if ids := owned(t, s, "anna"); !slices.Equal(ids, []session.ID{rec.ID}) {
			t.Errorf("the owner has %v", ids)
		}
	})
}

func TestManySessionsOfOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, ctx := newStore(t, client), t.Context()
		const n = 250
		want := map[session.ID]bool{}
		for range n {
			want[saved(t, s, "anna").ID] = true
		}
		sent := new(tape)
		client.AddHook(sent)
		var got []session.ID
		names := sent.during(func() { got = owned(t, s, "anna") })
		if len(names) != n+1 {
			t.Errorf("took %d commands, want %d", len(names), n+1)
		}
		for _, id := range got {
			if !want[id] {
				t.Errorf("yielded %v twice, or not the owner's", id)
			}
			delete(want, id)
		}
		if len(want) != 0 {
			t.Errorf("%d were not yielded", len(want))
		}
		names = sent.during(func() {
			for range s.ByOwner(ctx, "anna") {
				break
			}
		})
		if len(names) > 101 {
			t.Errorf("one record took %d commands, want one batch", len(names)-1)
		}
	})
}

// Records whose pipeline is refused before it is sent are read alone. If that fails
// too, nothing is said of them. All asks in a pipeline which server it is.
func TestRefusedPipeline(t *testing.T) {
	onBoth(t, func(t *testing.T, client *redis.Client) {
		s, refused := newStore(t, client), &tape{fail: errors.New("circuit open")}
		rec := saved(t, s, "anna")
		client.AddHook(refused)
		for _, open := range []bool{false, true} {
			refused.failAlone = open
			for name, seq := range map[string]func(func(session.Record[cart], error) bool){
				"ByOwner": s.ByOwner(t.Context(), "anna"), "All": s.All(t.Context()),
			} {
				var got []session.ID
				var errs []error
				for rec, err := range seq {
					if err != nil {
						errs = append(errs, err)
					} else {
						got = append(got, rec.ID)
					}
				}
				if !open && name == "ByOwner" && (len(errs) > 0 || !slices.Equal(got, []session.ID{rec.ID})) {
					t.Errorf("%s yielded %v and %v, want the record", name, got, errs)
				}
				if (open || name == "All") && (len(got) > 0 || len(errs) != 1 || !errors.Is(errs[0], session.ErrUnavailable) || !errors.Is(errs[0], refused.fail)) {
					t.Errorf("%s yielded %v and %v, want one ErrUnavailable", name, got, errs)
				}
			}
		}
	})
}
