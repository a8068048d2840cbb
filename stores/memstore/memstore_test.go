package memstore_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
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
		"Touch":  func() { s.Touch(ctx, rec.ID, expires) },
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
	switch rand.IntN(6) {
	case 0, 1:
		s.Save(ctx, &rec)
	case 2:
		s.Touch(ctx, id, soon)
	case 3:
		s.Retire(ctx, id, rec.Revision, session.ID{}, soon)
	case 4:
		s.Delete(ctx, id)
	case 5:
		for range s.ByOwner(ctx, rec.Owner) {
			runtime.Gosched()
		}
	}
}

// agree checks that Exists, ByOwner and All see the same, before and after all
// sessions got a new lease of life.
func agree(t *testing.T, s *memstore.Store[int], ids []session.ID) {
	t.Helper()
	want := make(map[session.ID]bool)
	for _, id := range ids {
		if s.Touch(t.Context(), id, time.Now().Add(time.Hour)) == nil {
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

// A session that is renewed again and again is never missed by who looks for it.
func TestByOwnerFindsWhatIsRenewed(t *testing.T) {
	s, ctx := memstore.New[int](nil), t.Context()
	rec := session.Record[int]{ID: session.NewToken().ID(), Owner: "ada", Expires: time.Now().Add(time.Hour)}
	if err := s.Save(ctx, &rec); err != nil {
		t.Fatal(err)
	}
	var renewing sync.WaitGroup
	done := make(chan bool)
	renewing.Go(func() {
		for range 20_000 {
			old := rec
			rec.ID, rec.Revision = session.NewToken().ID(), 0
			if err := errors.Join(s.Save(ctx, &rec), s.Retire(ctx, old.ID, old.Revision, session.ID{}, time.Now())); err != nil {
				t.Error(err)
			}
		}
		close(done)
	})
	missed, looks := 0, 0
	for ended := false; !ended; looks++ {
		select {
		case <-done:
			ended = true
		default:
		}
		found := 0
		for _, err := range s.ByOwner(ctx, "ada") {
			if err != nil {
				t.Error(err)
			}
			found++
		}
		if found == 0 {
			missed++
		}
	}
	renewing.Wait()
	if missed > 0 {
		t.Errorf("the session was missed %d of %d times", missed, looks)
	}
}

func TestTheZeroStoreWorks(t *testing.T) {
	s := new(memstore.Store[int])
	if n := s.Len(); n != 0 {
		t.Errorf("%d sessions", n)
	}
	rec := save(t, s, 7, time.Hour)
	if got, err := s.Load(t.Context(), rec.ID); err != nil || got.Value != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// ByOwner ends while other owners' sessions are renewed without a pause.
func TestByOwnerEndsWhileOthersRenew(t *testing.T) {
	s, ctx := memstore.New[int](nil), t.Context()
	mine := save(t, s, 1, time.Hour)
	stop := make(chan bool)
	var renewing sync.WaitGroup
	for range 4 {
		renewing.Go(func() {
			rec := session.Record[int]{ID: session.NewToken().ID(), Owner: "bob", Expires: time.Now().Add(time.Hour)}
			for {
				select {
				case <-stop:
					return
				default:
				}
				old := rec
				rec.ID, rec.Revision = session.NewToken().ID(), 0
				s.Save(ctx, &rec)
				s.Retire(ctx, old.ID, old.Revision, rec.ID, time.Now())
			}
		})
	}
	for range 2000 {
		n := 0
		for rec, err := range s.ByOwner(ctx, "ada") {
			if err != nil || rec.ID != mine.ID {
				t.Errorf("got %v, %v", rec.ID, err)
			}
			n++
		}
		if n != 1 {
			t.Fatalf("%d sessions", n)
		}
	}
	close(stop)
	renewing.Wait()
}

// Memory of expired sessions comes back by any write, not only by new sessions.
func TestTouchesReclaimMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New[int](nil)
		var kept []session.Record[int]
		for range 500 {
			kept = append(kept, save(t, s, 1, 10*time.Hour))
		}
		for range 1000 {
			save(t, s, 1, time.Hour)
		}
		time.Sleep(2 * time.Hour)
		for _, rec := range kept {
			if err := s.Touch(t.Context(), rec.ID, rec.Expires); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.Len(); n > 700 {
			t.Errorf("%d sessions are held, of which 500 live", n)
		}
	})
}
