package near

import (
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A shard is a part of a cache, for some of the IDs. Its methods but get, begin
// and confirm want mu held.
type shard[T any] struct {
	maxRecords, maxBytes int

	mu      sync.Mutex
	live    bool // changes are told
	entries map[session.ID]*entry[T]
	pending map[session.ID]*pending
	recent  entry[T] // the ring of entries, the most recently used one next
	bytes   int
}

type entry[T any] struct {
	Copy[T]
	id         session.ID
	confirmed  bool // may be served
	prev, next *entry[T]
}

// pending are the reads and writes of one record that are under way. A new
// generation begins when the record has changed.
type pending struct {
	count      int
	generation uint64
}

func (s *shard[T]) init(records, bytes int) {
	s.maxRecords, s.maxBytes = records, bytes
	s.entries, s.pending = make(map[session.ID]*entry[T]), make(map[session.ID]*pending)
	s.recent.prev, s.recent.next = &s.recent, &s.recent
}

func (s *shard[T]) get(id session.ID, now time.Time) (found Copy[T], ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || !e.confirmed {
		return found, false
	}
	if !now.Before(e.Until) {
		s.remove(e)
		return found, false
	}
	e.unlink()
	s.link(e)
	return e.Copy, true
}

func (s *shard[T]) begin(id session.ID) Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		return Ticket{}
	}
	p := s.pending[id]
	if p == nil {
		p = new(pending)
		s.pending[id] = p
	}
	p.count++
	return Ticket{true, p.generation}
}

// end reports whether a read's copy is up to date.
func (s *shard[T]) end(id session.ID, t Ticket) bool {
	if !t.Live {
		return false
	}
	p := s.pending[id]
	if p.count--; p.count == 0 {
		delete(s.pending, id)
	}
	return s.live && p.generation == t.generation
}

// invalidate lets no read under way put its copy.
func (s *shard[T]) invalidate(id session.ID) {
	if p := s.pending[id]; p != nil {
		p.generation++
	}
}

func (s *shard[T]) drop(id session.ID) {
	s.invalidate(id)
	if e := s.entries[id]; e != nil {
		s.remove(e)
	}
}

func (s *shard[T]) clear() {
	for _, p := range s.pending {
		p.generation++
	}
	clear(s.entries)
	s.recent.prev, s.recent.next = &s.recent, &s.recent
	s.bytes = 0
}

// insert adds an entry and makes room for it.
func (s *shard[T]) insert(id session.ID, c Copy[T], confirmed bool) *entry[T] {
	if old := s.entries[id]; old != nil {
		s.remove(old)
	}
	e := &entry[T]{Copy: c, id: id, confirmed: confirmed}
	s.entries[id] = e
	s.link(e)
	s.bytes += e.Size
	for len(s.entries) > s.maxRecords || s.bytes > s.maxBytes {
		s.remove(s.recent.prev)
	}
	return e
}

// confirm makes an entry that still is there one that may be served, or drops it.
func (s *shard[T]) confirm(e *entry[T], unchanged bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[e.id] != e {
		return
	}
	if e.confirmed = unchanged; !unchanged {
		s.remove(e)
	}
}

func (s *shard[T]) remove(e *entry[T]) {
	delete(s.entries, e.id)
	e.unlink()
	s.bytes -= e.Size
}

// link makes e the most recently used entry.
func (s *shard[T]) link(e *entry[T]) {
	e.prev, e.next = &s.recent, s.recent.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry[T]) unlink() { e.prev.next, e.next.prev = e.next, e.prev }
