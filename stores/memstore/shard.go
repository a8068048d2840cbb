package memstore

import (
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// sweep is how many entries, and how many markers, a call looks at whose time may
// have come. A call adds at most one, so that one would do if all of them had
// ended. The others make up for entries that were touched and are only put off.
const sweep = 8

// A shard holds the sessions whose IDs share a few bits, under one lock. The
// time is read under the lock, so that an entry that one call
// found ended is alive for no later one.
//
// No call does more work the more sessions there are, but for the depth of a heap.
type shard[T any] struct {
	mu          sync.RWMutex
	entries     table[*entry[T], byID[T]]
	queue       queue[*entry[T]]
	markers     table[*marker, byMarkedID]
	markerQueue queue[*marker]
	owners      *owners[T]
	watchers    *watchers.List
	max         int              // of entries; zero or less for any number
	last        session.Revision // counted up: no two writes in this shard share one
	_           [64]byte         // keeps one shard's lock out of the next one's cache line
}

func (s *shard[T]) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queue.len()
}

// lock locks the shard for writing and reclaims some memory. It returns the time.
func (s *shard[T]) lock() (now int64) {
	s.mu.Lock()
	now = clock()
	s.reclaim(now)
	return now
}

// missed reclaims some memory after a call that found nothing, and only if no other
// call is under way: reading must not wait.
func (s *shard[T]) missed() {
	if s.mu.TryLock() {
		defer s.mu.Unlock()
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

// marker returns the marker of an ID, or nil. It may have ended.
func (s *shard[T]) marker(id session.ID) *marker {
	m := s.markers.first(hashID(id))
	for m != nil && m.id != id {
		m = m.nextByID
	}
	return m
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
	now := clock()
	if e := s.entry(id); e != nil && !e.ended(now) {
		e.get(rec)
		return nil
	}
	if m := s.marker(id); m != nil && !m.ended(now) {
		return &session.RetiredError{ID: id, Successor: m.successor}
	}
	return session.ErrNotFound
}

func (s *shard[T]) exists(id session.ID) bool {
	if s.lives(id) {
		return true
	}
	s.missed()
	return false
}

func (s *shard[T]) lives(id session.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entry(id)
	return e != nil && !e.ended(clock())
}

// read fills rec from an entry that an iteration found. It reports false if the
// entry has ended. One that was renewed meanwhile is read as it was.
func (s *shard[T]) read(e *entry[T], rec *session.Record[T]) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e.removed || e.ended(clock()) {
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
			dst = append(dst, p.item)
		}
	}
	return dst
}

// clock returns the present time in the milliseconds that entries count in.
func clock() int64 { return time.Now().UnixMilli() }
