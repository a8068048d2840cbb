package memstore_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// TestBoundTakesLongestUnused fills a store, uses the sessions in another order and in
// different ways, removes some, and checks in which order new ones take the places of
// the old.
func TestBoundTakesLongestUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		s := memstore.New[int](&memstore.Options{MaxSessions: 2 * n})
		recs, others := make([]session.Record[int], n), make([]session.Record[int], n)
		for i := range n {
			lives := time.Duration(10+rand.IntN(2*n)) * time.Hour
			others[i], recs[i] = save(t, s, i, lives), save(t, s, i, lives)
		}
		owned := func(i int) bool { return i%3 > 0 }
		order := rand.Perm(n)
		for _, i := range order {
			time.Sleep(100 * time.Millisecond)
			rec := &recs[i]
			if !owned(i) {
				rec.Owner = ""
				if err := s.Save(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
				continue
			}
			switch rand.IntN(3) {
			case 0:
				s.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires.Add(time.Hour))
			case 1:
				s.Load(t.Context(), rec.ID)
			case 2:
				s.Save(t.Context(), rec)
			}
			s.Exists(t.Context(), recs[order[0]].ID) // which is no use of it
		}
		for i := range n {
			s.Delete(t.Context(), others[i].ID, 0)
		}
		create := func() session.ID {
			time.Sleep(100 * time.Millisecond)
			return save(t, s, 0, 10_000*time.Hour).ID
		}
		for range n {
			create()
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		slices.SortStableFunc(order, func(i, j int) int { return compareBool(owned(i), owned(j)) })
		for turn, i := range order {
			if !exists(t, s, recs[i].ID) {
				t.Fatalf("number %d had to go before its turn", turn)
			}
			if latest := create(); exists(t, s, recs[i].ID) || !exists(t, s, latest) {
				t.Fatalf("number %d did not make room", turn)
			}
			if s.Len() != 2*n || s.Evicted() != turn+1 {
				t.Fatalf("%d sessions, the bound is %d; %d were given up, want %d", s.Len(), 2*n, s.Evicted(), turn+1)
			}
		}
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// TestBoundSparesTheVisitor has a visitor use a session of a full store in every way.
// Neither it nor another session makes room.
func TestBoundSparesTheVisitor(t *testing.T) {
	s := memstore.New[cart](&memstore.Options{MaxSessions: 2})
	save(t, s, cart{}, time.Hour)
	visit := session.New(s, nil)
	visit.Set(cart{Items: make([]item, 3)})
	if err := visit.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func(*session.Session[cart]){
		"a change": func(visit *session.Session[cart]) {
			visit.Update(func(c *cart) { c.Notices = append(c.Notices, "hello") })
		},
		"a log-in":  func(visit *session.Session[cart]) { visit.LogIn(func(c *cart) { c.Customer = "ada" }) },
		"a renewal": func(visit *session.Session[cart]) { visit.Renew() },
	} {
		token, _ := visit.Token()
		var err error
		if visit, err = session.Load(t.Context(), s, nil, token, time.Time{}); err != nil {
			t.Fatal(err)
		}
		act(visit)
		if err := visit.Commit(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(visit.Value().Items); n != 3 || s.Len() != 2 || s.Evicted() != 0 {
			t.Errorf("after %s, the cart has %d items, %d sessions are held, %d were given up", name, n, s.Len(), s.Evicted())
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
	newest := newRecord(session.NewID(), "", 3) // the first to go, but not at once
	if err := s.Save(t.Context(), newest); err != nil {
		t.Fatal(err)
	}
	if !exists(t, s, newest.ID) || s.Len() != 2 {
		t.Error("a new session did not take the place of another one")
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
				s.Touch(t.Context(), rec.ID, rec.Revision, time.Now().Add(time.Hour))
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
		if n := s.Evicted(); n != 0 {
			t.Errorf("%d live sessions were given up", n)
		}
	})
}
