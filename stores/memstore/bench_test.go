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

// randomIDs returns n IDs, always the same ones.
func randomIDs(n int) []session.ID {
	ids, random := make([]session.ID, n), rand.NewChaCha8([32]byte{})
	for i := range ids {
		random.Read(ids[i][:])
	}
	return ids
}

// newRecord returns a record with one secret that lives for an hour and was never stored.
func newRecord[T any](id session.ID, owner string, v T) *session.Record[T] {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return &session.Record[T]{
		ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Owner: owner, Value: v,
		Created: now, Renewed: now, Deadline: now.Add(24 * time.Hour), Expires: now.Add(time.Hour),
	}
}

// A name is what a caller knows of a stored record.
type name struct {
	id  session.ID
	rev session.Revision
}

// filled returns a store with n carts of n owners.
func filled(b *testing.B, n int) (*memstore.Store[cart], []name) {
	s, names := memstore.New[cart](nil), make([]name, n)
	for i, id := range randomIDs(n) {
		rec := newRecord(id, fmt.Sprint("customer-", i), cart{Items: make([]item, 10)})
		if err := s.Save(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
		names[i] = name{id, rec.Revision}
	}
	rand.Shuffle(n, func(i, j int) { names[i], names[j] = names[j], names[i] }) // or memory would be read in order
	runtime.GC()
	return s, names
}

// atSizes runs step over and over in stores of several sizes, with the name of a
// stored record and an ID that is absent.
func atSizes(b *testing.B, step func(b *testing.B, s *memstore.Store[cart], stored name, absent session.ID)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint("sessions=", n), func(b *testing.B) {
			s, names := filled(b, n)
			others := randomIDs(n + 1024)[n:]
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				step(b, s, names[i%n], others[i%1024])
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], stored name, _ session.ID) {
		if _, err := s.Load(b.Context(), stored.id); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkLoadSave(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], stored name, _ session.ID) {
		rec, err := s.Load(b.Context(), stored.id)
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
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], _ name, id session.ID) {
		rec := session.Record[cart]{ID: id, Owner: "nobody", Deadline: expires, Expires: expires}
		err := s.Save(b.Context(), &rec)
		if err == nil {
			err = s.Delete(b.Context(), id, rec.Revision)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	expires := time.Now().Add(2 * time.Hour)
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], stored name, _ session.ID) {
		if err := s.Touch(b.Context(), stored.id, stored.rev, expires); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkByOwner(b *testing.B) {
	atSizes(b, func(b *testing.B, s *memstore.Store[cart], _ name, _ session.ID) {
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
