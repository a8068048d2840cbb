package memstore_test

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestCopiesNothing(t *testing.T) {
	s := memstore.New[*cart](nil)
	v := &cart{Customer: "ada"}
	rec := save(t, s, v, time.Hour)
	got, err := s.Load(t.Context(), rec.ID)
	if err != nil || got.Value != v {
		t.Errorf("Load returned %p (%v), not what was saved, %p", got.Value, err, v)
	}
}

func TestAllocatesNothing(t *testing.T) {
	s, ctx := memstore.New[cart](nil), t.Context()
	rec := save(t, s, cart{Items: make([]item, 10)}, time.Hour)
	expires := rec.Expires.Add(time.Hour)
	for name, call := range map[string]func(){
		"Load":   func() { s.Load(ctx, rec.ID) },
		"Exists": func() { s.Exists(ctx, rec.ID) },
		"Touch":  func() { s.Touch(ctx, rec.ID, rec.Revision, expires) },
		"Save":   func() { s.Save(ctx, &rec) },
	} {
		if n := testing.AllocsPerRun(100, call); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// TestPanicInIteration checks that a loop body that panics leaves no lock held.
func TestPanicInIteration(t *testing.T) {
	s := memstore.New[int](nil)
	rec := save(t, s, 1, time.Hour)
	for name, loop := range map[string]func(){
		"ByOwner": func() {
			for range s.ByOwner(t.Context(), rec.Owner) {
				panic("in the body")
			}
		},
		"All": func() {
			for range s.All(t.Context()) {
				panic("in the body")
			}
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s yielded nothing", name)
				}
			}()
			loop()
		}()
		if err := s.Save(t.Context(), &rec); err != nil {
			t.Errorf("after a panic in %s: %v", name, err)
		}
	}
}

// TestManyAtOnce has goroutines do everything to a few sessions of a few owners
// and then checks that the store's several views of them agree.
func TestManyAtOnce(t *testing.T) {
	for _, o := range []*memstore.Options{nil, {MaxSessions: 20}} {
		s, ids := memstore.New[int](o), randomIDs(50)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5000 {
					anything(t, s, ids[rand.IntN(len(ids))])
				}
			})
		}
		wg.Wait()
		agree(t, s, ids)
	}
}

// anything makes a random call.
func anything(t *testing.T, s *memstore.Store[int], id session.ID) {
	ctx, soon := t.Context(), time.Now().Add(time.Duration(rand.IntN(50)-5)*time.Millisecond)
	rec, _ := s.Load(ctx, id)
	rec.ID, rec.Expires, rec.Owner = id, soon, strconv.Itoa(rand.IntN(5))
	switch rand.IntN(5) {
	case 0, 1:
		s.Save(ctx, &rec)
	case 2:
		s.Touch(ctx, id, rec.Revision, soon)
	case 3:
		s.Delete(ctx, id, rec.Revision)
	case 4:
		for range s.ByOwner(ctx, rec.Owner) {
			runtime.Gosched()
		}
	}
}

// agree checks that Exists, ByOwner and All see the same, before and after all
// sessions got a new lease of life.
func agree(t *testing.T, s *memstore.Store[int], ids []session.ID) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	want := make(map[session.ID]bool)
	for _, id := range ids {
		rec, _ := s.Load(t.Context(), id)
		if s.Touch(t.Context(), id, rec.Revision, time.Now().Add(time.Hour)) == nil {
			want[id] = true
		}
	}
	all, owned := make(map[session.ID]bool), make(map[session.ID]bool)
	for rec := range s.All(t.Context()) {
		all[rec.ID] = true
	}
	for owner := range 5 {
		for rec := range s.ByOwner(t.Context(), strconv.Itoa(owner)) {
			if owned[rec.ID] || rec.Owner != strconv.Itoa(owner) {
				t.Errorf("%v is yielded for owner %d", rec, owner)
			}
			owned[rec.ID] = true
		}
	}
	if !maps.Equal(all, want) || !maps.Equal(owned, want) {
		t.Errorf("%d sessions exist, All yields %d, ByOwner %d", len(want), len(all), len(owned))
	}
}
