package memstore_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type item struct {
	Product string
	Count   int
	Cents   int64
}

// A cart with its ten items is about as large as sessions come.
type cart struct {
	Customer string
	Items    []item
	Notices  []string
}

var sizes = []int{1_000, 100_000, 1_000_000}

// randomIDs returns n IDs that look like hashes, always the same ones.
func randomIDs(n int) []session.ID {
	ids, random := make([]session.ID, n), rand.NewChaCha8([32]byte{})
	for i := range ids {
		random.Read(ids[i][:])
	}
	return ids
}

// fresh returns a record that lives for an hour and was never stored.
func newRecord[T any](id session.ID, owner string, v T) *session.Record[T] {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return &session.Record[T]{
		ID: id, Owner: owner, Value: v,
		Created: now, Renewed: now, Deadline: now.Add(24 * time.Hour), Expires: now.Add(time.Hour),
	}
}

// filled returns a store with n carts of n owners.
func filled(b *testing.B, n int) (*memstore.Store[cart], []session.ID) {
	s, ids := memstore.New[cart](nil), randomIDs(n)
	for i, id := range ids {
		if err := s.Save(b.Context(), newRecord(id, fmt.Sprint("customer-", i), cart{Items: make([]item, 10)})); err != nil {
			b.Fatal(err)
		}
	}
	rand.Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] }) // or memory would be read in order
	runtime.GC()
	return s, ids
}

// atSizes runs step over and over in stores of several sizes, with an ID that is
// stored and one that is not.
func atSizes(b *testing.B, step func(b *testing.B, s *memstore.Store[cart], id, other session.ID)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint("sessions=", n), func(b *testing.B) {
			s, ids := filled(b, n)
			others := randomIDs(n + 1024)[n:]
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				step(b, s, ids[i%n], others[i%1024])
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], id, _ session.ID) {
		if _, err := s.Load(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkLoadSave(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], id, _ session.ID) {
		rec, err := s.Load(b.Context(), id)
		if err == nil {
			err = s.Save(b.Context(), &rec)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkCreateDelete(b *testing.B) {
	expires := time.Now().Add(2 * time.Hour)
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], _, id session.ID) {
		rec := session.Record[cart]{ID: id, Owner: "nobody", Deadline: expires, Expires: expires}
		err := s.Save(b.Context(), &rec)
		if err == nil {
			err = s.Delete(b.Context(), id)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	expires := time.Now().Add(2 * time.Hour)
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], id, _ session.ID) {
		if err := s.Touch(b.Context(), id, expires); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkByOwner(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], _, _ session.ID) {
		for _, err := range s.ByOwner(b.Context(), "customer-7") {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMemory reports what a session costs beside its own record and value.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint("sessions=", n), func(b *testing.B) {
			ids := randomIDs(n)
			var before, records, stored runtime.MemStats
			for b.Loop() {
				memory(&before)
				recs := make([]*session.Record[cart], n)
				for i, id := range ids {
					recs[i] = newRecord(id, fmt.Sprint("customer-", i), cart{Items: make([]item, 10)})
				}
				memory(&records)
				s := memstore.New[cart](nil)
				for i, rec := range recs {
					s.Save(b.Context(), rec)
					recs[i] = nil
				}
				recs = nil
				memory(&stored)
				runtime.KeepAlive(s)
			}
			live := float64(records.HeapAlloc - before.HeapAlloc)
			heap := float64(stored.HeapAlloc - before.HeapAlloc)
			b.ReportMetric(live/float64(n), "live-B/session")
			b.ReportMetric(heap/float64(n), "heap-B/session")
			b.ReportMetric(heap/live, "heap/live")
		})
	}
}

func memory(m *runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(m)
}
