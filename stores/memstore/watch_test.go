package memstore_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// TestWatch checks which calls tell a watcher of its session.
func TestWatch(t *testing.T) {
	tests := []struct {
		name string
		max  int
		do   func(*testing.T, *memstore.Store[int], session.Record[int])
		told bool
	}{
		{"delete", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) { s.Delete(t.Context(), rec.ID, 0) }, true},
		{"makes room", 1, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) { save(t, s, 2, time.Hour) }, true},
		{"expires and is found so", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			time.Sleep(time.Hour)
			s.Load(t.Context(), rec.ID)
		}, true},
		{"save", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) { s.Save(t.Context(), &rec) }, true},
		{"refused save", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			rec.Revision++
			s.Save(t.Context(), &rec)
		}, false},
		{"touch", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			s.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires.Add(time.Second))
		}, false},
		{"another session", 0, func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			other := save(t, s, 2, time.Hour)
			s.Delete(t.Context(), other.ID, 0)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memstore.New[int](&memstore.Options{MaxSessions: tt.max})
				rec := save(t, s, 1, time.Hour)
				var told, stopped int
				stopFirst, _ := s.Watch(rec.ID, func() { stopped++ })
				stop, ok := s.Watch(rec.ID, func() { told++ })
				if !ok {
					t.Fatal("the store says that it cannot tell")
				}
				stopFirst()
				stopFirst()
				tt.do(t, s, rec)
				if (told == 1) != tt.told || stopped != 0 {
					t.Errorf("told %d times, and %d times after stop; want told: %v", told, stopped, tt.told)
				}
				stop()
			})
		})
	}
}

func TestRevisions(t *testing.T) {
	s := memstore.New[int](nil)
	live, deleted := save(t, s, 1, time.Hour), save(t, s, 2, time.Hour)
	s.Delete(t.Context(), deleted.ID, 0)
	got, err := s.Revisions(t.Context(), []session.ID{deleted.ID, live.ID, {}, live.ID})
	if err != nil || !slices.Equal(got, []session.Revision{0, live.Revision, 0, live.Revision}) {
		t.Errorf("Revisions returned %v, %v", got, err)
	}
}

// TestWatchConcurrently checks under the race detector that each of many watchers
// of sessions that end is told once.
func TestWatchConcurrently(t *testing.T) {
	var s memstore.Store[int]
	var told atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				rec := save(t, &s, 1, time.Hour)
				stop, _ := s.Watch(rec.ID, func() { told.Add(1) })
				s.Delete(t.Context(), rec.ID, 0)
				stop()
			}
		})
	}
	wg.Wait()
	if told.Load() != 800 {
		t.Errorf("%d were told, want 800", told.Load())
	}
}
