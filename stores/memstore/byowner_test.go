package memstore_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// owned returns what ByOwner yields.
func owned(t *testing.T, s *memstore.Store[int], owner string) (recs []session.Record[int]) {
	t.Helper()
	for rec, err := range s.ByOwner(t.Context(), owner) {
		if err != nil {
			t.Error(err)
		}
		recs = append(recs, rec)
	}
	return recs
}

// TestByOwnerEnds lists sessions while those of the same and of other owners come and
// go without a pause.
func TestByOwnerEnds(t *testing.T) {
	for _, owner := range []string{"ada", "bob"} {
		t.Run("while sessions of "+owner+" come and go", func(t *testing.T) {
			s := memstore.New[int](nil)
			mine := save(t, s, 1, time.Hour)
			var churn sync.WaitGroup
			var done atomic.Bool
			for range 4 {
				churn.Go(func() {
					for !done.Load() {
						rec := newRecord(session.NewID(), owner, 2)
						if err := errors.Join(s.Save(t.Context(), rec), s.Delete(t.Context(), rec.ID, rec.Revision)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for range 2000 {
				n := 0
				for _, rec := range owned(t, s, "ada") {
					if rec.ID == mine.ID {
						n++
					}
				}
				if n != 1 {
					t.Errorf("a session is yielded %d times", n)
				}
			}
			done.Store(true)
			churn.Wait()
		})
	}
}

// TestByOwnerReadsWhenItYields changes sessions while they are being listed.
func TestByOwnerReadsWhenItYields(t *testing.T) {
	type record = session.Record[int]
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *memstore.Store[int], record)
		yields string // the values, the first of them before the change
	}{
		{"nothing", func(*testing.T, *memstore.Store[int], record) {}, "111"},
		{"deletion", func(t *testing.T, s *memstore.Store[int], rec record) { s.Delete(t.Context(), rec.ID, 0) }, "1"},
		{"expiry", func(t *testing.T, s *memstore.Store[int], rec record) { time.Sleep(2 * time.Hour) }, "1"},
		{"another value", func(t *testing.T, s *memstore.Store[int], rec record) {
			rec.Value = 2
			s.Save(t.Context(), &rec)
		}, "122"},
		{"another owner", func(t *testing.T, s *memstore.Store[int], rec record) {
			rec.Owner = "bob"
			s.Save(t.Context(), &rec)
		}, "1"},
		{"a new session with the ID of a deleted one", func(t *testing.T, s *memstore.Store[int], rec record) {
			s.Delete(t.Context(), rec.ID, 0)
			rec.Revision, rec.Value = 0, 2
			s.Save(t.Context(), &rec)
		}, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memstore.New[int](nil)
				var recs []record
				for range 3 {
					recs = append(recs, save(t, s, 1, time.Hour))
				}
				var yielded strings.Builder
				for first := range s.ByOwner(t.Context(), "ada") {
					if yielded.WriteString(strconv.Itoa(first.Value)); len(yielded.String()) > 1 {
						continue
					}
					for _, rec := range recs {
						if rec.ID != first.ID {
							tt.change(t, s, rec)
						}
					}
				}
				if yielded.String() != tt.yields {
					t.Errorf("ByOwner yields %q, want %q", yielded.String(), tt.yields)
				}
			})
		})
	}
}

// TestIterationStops has a context end while an iteration is under way.
func TestIterationStops(t *testing.T) {
	s := memstore.New[int](nil)
	for range 10 {
		save(t, s, 1, time.Hour)
	}
	for name, seq := range map[string]func(context.Context, func(session.Record[int], error) bool){
		"ByOwner": func(ctx context.Context, yield func(session.Record[int], error) bool) { s.ByOwner(ctx, "ada")(yield) },
		"All":     func(ctx context.Context, yield func(session.Record[int], error) bool) { s.All(ctx)(yield) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var errs []error
			seq(ctx, func(_ session.Record[int], err error) bool {
				errs = append(errs, err)
				if len(errs) == 3 {
					cancel()
				}
				return true
			})
			if len(errs) != 4 || !errors.Is(errs[3], session.ErrUnavailable) || !errors.Is(errs[3], context.Canceled) {
				t.Errorf("after the third record: %v", errs[3:])
			}
		})
	}
}
