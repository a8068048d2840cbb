package memstore_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// TestBoundTakesSoonest fills a store, moves all the ends about, removes some
// sessions, and checks in which order new ones take the places of the old.
func TestBoundTakesSoonest(t *testing.T) {
	const n = 500
	s := memstore.New[int](&memstore.Options{MaxSessions: 2 * n})
	order, others := make([]session.ID, n), make([]session.ID, n)
	minutes := rand.Perm(n)
	for i := range n {
		others[i] = save(t, s, i, time.Duration(1+rand.IntN(2*n))*time.Minute).ID
		rec := save(t, s, i, time.Duration(1+rand.IntN(2*n))*time.Minute)
		rec.Expires = time.Now().Add(time.Duration(10+minutes[i]) * time.Minute)
		if i%2 == 0 {
			s.Touch(t.Context(), rec.ID, rec.Expires)
		} else if err := s.Save(t.Context(), &rec); err != nil {
			t.Fatal(err)
		}
		order[minutes[i]] = rec.ID
	}
	for i := range n {
		s.Delete(t.Context(), others[i])
	}
	for range n {
		save(t, s, 0, 100*time.Hour)
	}
	for i, id := range order {
		if !exists(t, s, id) {
			t.Fatalf("number %d had to go before its turn", i)
		}
		if latest := save(t, s, 0, 100*time.Hour); exists(t, s, id) || !exists(t, s, latest.ID) {
			t.Fatalf("number %d did not make room", i)
		}
		if s.Len() != 2*n {
			t.Fatalf("%d sessions, the bound is %d", s.Len(), 2*n)
		}
	}
}

func TestBoundNeverExceeded(t *testing.T) {
	for _, bound := range []int{1, 2, 63, 1023, 2047, 2048, 5000, 66_000} {
		s := memstore.New[int](&memstore.Options{MaxSessions: bound})
		for i := range 2 * bound {
			save(t, s, i, time.Hour)
			if i == bound*3/4 && s.Len() != i+1 { // far from where one shard may be full by chance
				t.Errorf("bound %d: %d of the first %d sessions are held", bound, s.Len(), i+1)
			}
		}
		if n := s.Len(); n > bound || n < bound*9/10 || bound < 2048 && n != bound {
			t.Errorf("bound %d: %d sessions", bound, n)
		}
	}
}

func TestBoundIsOnNewSessions(t *testing.T) {
	s := memstore.New[int](&memstore.Options{MaxSessions: 2})
	a, b := save(t, s, 1, time.Minute), save(t, s, 2, time.Hour)
	for range 3 {
		if err := s.Save(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	if !exists(t, s, a.ID) {
		t.Error("an update took another session's place")
	}
	newest := save(t, s, 3, time.Second)
	if exists(t, s, a.ID) || !exists(t, s, b.ID) || !exists(t, s, newest.ID) {
		t.Error("a new session that expires soonest of all did not take the place of the next")
	}
}

func TestBoundSparesMarkers(t *testing.T) {
	s := memstore.New[int](&memstore.Options{MaxSessions: 2})
	retired := save(t, s, 1, time.Hour)
	if err := s.Retire(t.Context(), retired.ID, retired.Revision, session.ID{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	a, b := save(t, s, 2, time.Hour), save(t, s, 3, 2*time.Hour)
	if !exists(t, s, a.ID) || !exists(t, s, b.ID) {
		t.Error("a marker took a session's place")
	}
	save(t, s, 4, time.Hour)
	if _, err := s.Load(t.Context(), retired.ID); !errors.Is(err, session.ErrGone) {
		t.Errorf("the marker is gone: Load returned %v", err)
	}
}

func TestBoundTakesExpiredFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New[int](&memstore.Options{MaxSessions: 20})
		var live []session.ID
		for i := range 20 {
			rec := save(t, s, i, time.Minute)
			if i%2 == 0 {
				live = append(live, rec.ID)
				s.Touch(t.Context(), rec.ID, time.Now().Add(time.Hour))
			}
		}
		time.Sleep(2 * time.Minute)
		for range 10 {
			live = append(live, save(t, s, 0, time.Minute).ID)
		}
		for i, id := range live {
			if !exists(t, s, id) {
				t.Errorf("session %d had to make room, though others had expired", i)
			}
		}
	})
}
