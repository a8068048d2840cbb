package memstore

import (
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// sweep is how many due entries a write looks at. A write adds at most one entry,
// so that one would do if all due entries had ended. The others make up for
// entries that were touched and are only put off.
const sweep = 8

// A shard holds the sessions whose IDs share a few bits, under one lock. The
// time is read under the lock, so that what one call found expired no other
// call finds alive.
type shard[T any] struct {
	mu      sync.RWMutex
	entries map[session.ID]*entry[T] // live and retired
	owners  owners[T]
	live    queue[T]
	retired queue[T]
	max     int              // of live entries; zero or less for any number
	peak    int              // the most entries since the maps were made
	last    session.Revision // counted up: no two writes in this shard share one
	_       [64]byte         // keeps one shard's lock out of the next one's cache line
}

func (s *shard[T]) init(max int) {
	s.max = max
	s.entries = make(map[session.ID]*entry[T])
	s.owners = make(owners[T])
}

func (s *shard[T]) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.live)
}

// load fills rec instead of returning it: a record is worth copying only once.
func (s *shard[T]) load(id session.ID, rec *session.Record[T]) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[id]
	switch {
	case e == nil || e.expired(clock()):
		return session.ErrNotFound
	case e.retired():
		return &session.RetiredError{ID: id, Successor: *e.successor}
	}
	e.get(rec)
	return nil
}

func (s *shard[T]) exists(id session.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[id]
	return e != nil && !e.retired() && !e.expired(clock())
}

func (s *shard[T]) save(rec *session.Record[T]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock()
	e := s.find(rec.ID, now)
	if err := refuse(e, rec, now); err != nil {
		return err
	}
	s.reclaim(now)
	if e == nil {
		s.makeRoom()
		e = s.insert(rec)
	} else {
		s.replace(e, rec)
	}
	s.last++
	e.rev, rec.Revision = s.last, s.last
	return nil
}

// refuse returns why rec cannot be saved over e, which is nil if the ID is absent.
func refuse[T any](e *entry[T], rec *session.Record[T], now int64) error {
	switch {
	case e != nil && e.retired():
		return session.ErrGone
	case rec.Expired(time.UnixMilli(now)), e == nil && rec.Revision != 0:
		return session.ErrNotFound
	case e != nil && rec.Revision == 0:
		return session.ErrExists
	case e != nil && e.rev != rec.Revision:
		return session.ErrConflict
	}
	return nil
}

func (s *shard[T]) touch(id session.ID, expires int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock()
	e := s.find(id, now)
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.retired():
		return session.ErrGone
	case expires <= now:
		return session.ErrNotFound
	}
	if e.deadline != noDeadline { // another request may have brought it nearer
		expires = min(expires, e.deadline)
	}
	e.expires = expires
	s.live.hurry(e)
	s.reclaim(now)
	return nil
}

func (s *shard[T]) retire(id session.ID, rev session.Revision, successor session.ID, until int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock()
	e := s.find(id, now)
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.retired() && *e.successor == successor:
		return nil
	case e.retired():
		return session.ErrGone
	case e.rev != rev:
		return session.ErrConflict
	}
	s.remove(e)
	if until > now {
		s.mark(id, successor, until)
	}
	s.reclaim(now)
	return nil
}

func (s *shard[T]) delete(id session.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock()
	e := s.find(id, now)
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.retired():
		return session.ErrGone
	}
	s.remove(e)
	s.reclaim(now)
	return nil
}

// find returns the ID's entry, or nil. One that has expired is removed.
func (s *shard[T]) find(id session.ID, now int64) *entry[T] {
	e := s.entries[id]
	if e != nil && e.expired(now) {
		s.remove(e)
		return nil
	}
	return e
}

// clock returns the present time in the milliseconds that entries count in.
func clock() int64 { return time.Now().UnixMilli() }
