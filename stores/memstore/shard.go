package memstore

import (
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// sweep is how many entries a call looks at whose time may have come. A call adds at
// most one, so that one would do if all of them had ended. The others make up for
// entries that were touched and are only put off.
const sweep = 8

// A shard holds the sessions whose IDs share a few bits, under one lock. The
// time is read under the lock, so that an entry that one call
// found ended is alive for no later one.
//
// The work of a call does not grow with the number of sessions, except for the depth of a
// heap, and for the order of the sessions that a bounded shard may have to give up.
type shard[T any] struct {
	mu       sync.RWMutex
	entries  table[T, byID[T]]
	queue    queue[T, byEnd[T]]
	owners   *owners[T]
	watchers *watchers.List[session.ID]
	reaped   *watchers.Listeners[session.Event]
	untold   []session.Event  // of sessions that this call has reaped
	last     session.Revision // counted up: no two writes in this shard share one

	max       int                // of entries; zero or less for any number, and nothing below then
	began     int64              // when the store was made
	anonymous queue[T, byUse[T]] // the entries without an owner
	owned     queue[T, byUse[T]] // entries with an owner
	evicted   int

	_ [64]byte // keeps one shard's lock out of the next one's cache line
}

// count returns how many entries there are, and how many had to make room.
func (s *shard[T]) count() (entries, evicted int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queue.len(), s.evicted
}

// lock locks the shard for writing and reclaims some memory. It returns the time.
func (s *shard[T]) lock() (now int64) {
	s.mu.Lock()
	now = clock()
	s.reclaim(now)
	return now
}

// unlock ends what lock began, and tells of the sessions that were reaped meanwhile.
func (s *shard[T]) unlock() {
	events := s.untold
	s.untold = nil
	s.mu.Unlock()
	for _, e := range events {
		s.reaped.Tell(e)
	}
}

// missed reclaims some memory after a call that found nothing, and only if no other
// call is under way: reading must not wait.
func (s *shard[T]) missed() {
	if s.mu.TryLock() {
		defer s.unlock()
		s.reclaim(clock())
	}
}

// entry returns the entry of an ID, or nil. It may have ended.
func (s *shard[T]) entry(id session.ID) *entry[T] {
	e := s.entries.first(hashID(id))
	for e != nil && e.id != id {
		e = e.nextByID
	}
	return e
}

func (s *shard[T]) load(id session.ID, rec *session.Record[T]) error {
	err := s.find(id, rec)
	if err == session.ErrNotFound {
		s.missed()
	}
	return err
}

// find fills rec instead of returning it: a record is worth copying only once.
func (s *shard[T]) find(id session.ID, rec *session.Record[T]) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, now := s.entry(id), clock()
	if e == nil || e.ended(now) {
		return session.ErrNotFound
	}
	s.use(e, now)
	e.get(rec)
	return nil
}

// revision returns the revision of an ID's record, or zero if the ID is absent.
func (s *shard[T]) revision(id session.ID) session.Revision {
	rev := s.present(id)
	if rev == 0 {
		s.missed()
	}
	return rev
}

func (s *shard[T]) present(id session.ID) session.Revision {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entry(id)
	if e == nil || e.ended(clock()) {
		return 0
	}
	return e.rev
}

// read fills rec from an entry that an iteration found. It reports false if the
// entry has ended.
func (s *shard[T]) read(e *entry[T], rec *session.Record[T]) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e.ended(clock()) {
		return false
	}
	e.get(rec)
	return true
}

// appendEntries appends all entries.
func (s *shard[T]) appendEntries(dst []*entry[T]) []*entry[T] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, chunk := range s.queue.heap.chunks {
		for _, p := range chunk {
			dst = append(dst, p.entry)
		}
	}
	return dst
}

// clock returns the present time in the milliseconds that entries count in.
func clock() int64 { return time.Now().UnixMilli() }
