package memstore_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// save stores a fresh record and returns it.
func save[T any](t *testing.T, s *memstore.Store[T], v T, lives time.Duration) session.Record[T] {
	t.Helper()
	rec := newRecord(session.NewID(), "ada", v)
	rec.Expires = time.Now().Add(lives).UTC().Truncate(time.Millisecond)
	if err := s.Save(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	return *rec
}

func exists[T any](t *testing.T, s *memstore.Store[T], id session.ID) bool {
	t.Helper()
	live, err := s.Exists(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func TestExpiresToTheMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New[int](nil)
		id := save(t, s, 1, 24*time.Hour).ID
		time.Sleep(24*time.Hour - time.Millisecond)
		if !exists(t, s, id) {
			t.Error("expired early")
		}
		time.Sleep(time.Millisecond)
		if exists(t, s, id) {
			t.Error("did not expire")
		}
	})
}

func TestTouchKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New[int](nil)
		rec := save(t, s, 1, time.Hour)
		for range 24 {
			time.Sleep(59 * time.Minute)
			save(t, s, 0, time.Minute) // takes back what it believes to have expired
			if err := s.Touch(t.Context(), rec.ID, rec.Revision, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if exists(t, s, rec.ID) {
			t.Error("did not expire in the end")
		}
	})
}

// TestGarbageDoesNotBuildUp saves a session a second for six hours. They live for an
// hour; some are kept alive for two by touching, which is what makes taking
// memory back hard.
func TestGarbageDoesNotBuildUp(t *testing.T) {
	for name, touched := range map[string]int{"none touched": 1 << 30, "a third touched": 3, "all touched": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memstore.New[int](nil)
				var recs []session.Record[int]
				live := 2 * 3600
				for i := range 6 * 3600 {
					recs = append(recs, save(t, s, i, time.Hour))
					time.Sleep(time.Second)
					if old := i - 3000; old >= 0 && old%touched == 0 {
						if err := s.Touch(t.Context(), recs[old].ID, recs[old].Revision, time.Now().Add(time.Hour)); err != nil {
							t.Fatal(err)
						}
					}
					if n := s.Len(); n > live+live/4 {
						t.Fatalf("%d sessions are held after %d s", n, i)
					}
				}
			})
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	memory(&m)
	return int64(m.HeapAlloc)
}

// TestEndFreesValue checks that nothing holds on to a value whose session ended.
func TestEndFreesValue(t *testing.T) {
	type large [1 << 16]byte
	endings := map[string]func(*memstore.Store[*large], session.Record[*large]) error{
		"delete": func(s *memstore.Store[*large], rec session.Record[*large]) error {
			return s.Delete(t.Context(), rec.ID, 0)
		},
		"replace": func(s *memstore.Store[*large], rec session.Record[*large]) error {
			rec.Value = nil
			return s.Save(t.Context(), &rec)
		},
		"evict": func(s *memstore.Store[*large], _ session.Record[*large]) error {
			return s.Save(t.Context(), newRecord[*large](session.ID{1}, "", nil))
		},
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			s := memstore.New[*large](&memstore.Options{MaxSessions: 1})
			rec := save(t, s, new(large), time.Hour)
			value := weak.Make(rec.Value)
			if err := end(s, rec); err != nil {
				t.Fatal(err)
			}
			rec.Value = nil
			runtime.GC()
			if value.Value() != nil {
				t.Error("the value is still in memory")
			}
			runtime.KeepAlive(s)
		})
	}
}

// TestBurstGivesMemoryBack checks that a store is small again after having been large.
func TestBurstGivesMemoryBack(t *testing.T) {
	s := memstore.New[int](nil)
	before := heap()
	ids := make([]session.ID, 100_000)
	for i := range ids {
		ids[i] = session.NewID()
		if err := s.Save(t.Context(), newRecord(ids[i], ids[i].String(), i)); err != nil {
			t.Fatal(err)
		}
	}
	full := heap() - before
	for _, id := range ids {
		if err := s.Delete(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
	}
	ids = nil
	if left := heap() - before; left > full/20 {
		t.Errorf("of %d bytes %d are still held", full, left)
	}
	if rec := save(t, s, 1, time.Hour); !exists(t, s, rec.ID) {
		t.Error("does not store any more")
	}
}

func TestDoneContext(t *testing.T) {
	s := memstore.New[int](nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Load(ctx, session.ID{})
	if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, ctx.Err()) {
		t.Errorf("Load returned %v", err)
	}
}
