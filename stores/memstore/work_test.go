package memstore_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// TestNoCallCopiesTheStore fills and empties one shard, in which no call may allocate
// much: a table that was rebuilt, or a queue that was copied, would be seen.
func TestNoCallCopiesTheStore(t *testing.T) {
	const most = 16 << 10 // bytes: of three arrays, each may gain a chunk
	s := memstore.New[int](&memstore.Options{MaxSessions: 2000})
	ids := randomIDs(2000)
	recs := make([]*session.Record[int], len(ids))
	for i, id := range ids {
		recs[i] = newRecord(id, id.String(), i)
	}
	for _, tt := range []struct {
		name string
		call func(i int) error
	}{
		{"Save", func(i int) error { return s.Save(t.Context(), recs[i]) }},
		{"Touch", func(i int) error {
			return s.Touch(t.Context(), ids[i], recs[i].Revision, recs[i].Expires.Add(time.Minute))
		}},
		{"Delete", func(i int) error { return s.Delete(t.Context(), ids[i], 0) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range ids {
				before := allocated()
				if err := tt.call(i); err != nil {
					t.Fatal(err)
				}
				if n := allocated() - before; n > most {
					t.Fatalf("call %d allocates %d bytes", i, n)
				}
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestCallsReclaimMemory lets a burst of sessions expire, and then makes
// calls of one kind only.
func TestCallsReclaimMemory(t *testing.T) {
	const burst = 2000
	for _, tt := range []struct {
		name string
		call func(*testing.T, *memstore.Store[int], session.Record[int])
	}{
		{"Load of an absent session", func(t *testing.T, s *memstore.Store[int], _ session.Record[int]) {
			s.Load(t.Context(), session.NewID())
		}},
		{"Exists of an absent session", func(t *testing.T, s *memstore.Store[int], _ session.Record[int]) {
			s.Exists(t.Context(), session.NewID())
		}},
		{"Touch of an absent session", func(t *testing.T, s *memstore.Store[int], _ session.Record[int]) {
			s.Touch(t.Context(), session.NewID(), 1, time.Now().Add(time.Hour))
		}},
		{"Touch", func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			s.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires)
		}},
		{"refused Save", func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			rec.Revision++
			s.Save(t.Context(), &rec)
		}},
		{"Save", func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			s.Save(t.Context(), &rec)
		}},
		{"refused Delete", func(t *testing.T, s *memstore.Store[int], rec session.Record[int]) {
			s.Delete(t.Context(), rec.ID, rec.Revision+1)
		}},
		{"Delete of an absent session", func(t *testing.T, s *memstore.Store[int], _ session.Record[int]) {
			s.Delete(t.Context(), session.NewID(), 0)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memstore.New[int](&memstore.Options{MaxSessions: 2 * burst}) // two shards
				var kept []session.Record[int]
				for range 20 {
					kept = append(kept, save(t, s, 0, 24*time.Hour))
				}
				for range burst {
					save(t, s, 0, time.Minute)
				}
				time.Sleep(time.Hour)
				for i := range burst {
					tt.call(t, s, kept[i%len(kept)])
				}
				if n := s.Len(); n != len(kept) {
					t.Errorf("%d sessions are held, %d of which live", n, len(kept))
				}
				if err := s.Check(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
