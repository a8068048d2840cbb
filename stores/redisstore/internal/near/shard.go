package near

import (
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A shard is a part of a cache, for some of the IDs. Its methods but get want mu held.
type shard[T any] struct {
	maxRecords, maxBytes int

	mu      sync.Mutex
	live    bool // changes are told
	epoch   Epoch
	entries map[session.ID]*entry[T]
	recent  entry[T] // the ring of entries, the most recently used one next
	bytes   int
}

type entry[T any] struct {
	Copy[T]
	id         session.ID
	prev, next *entry[T]
}

func (s *shard[T]) init(records, bytes int) {
	s.maxRecords, s.maxBytes = records, bytes
	s.entries = make(map[session.ID]*entry[T])
	s.recent.prev, s.recent.next = &s.recent, &s.recent
}

func (s *shard[T]) get(id session.ID, now time.Time) (found Copy[T], ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil {
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

func (s *shard[T]) clear() {
	clear(s.entries)
	s.recent.prev, s.recent.next = &s.recent, &s.recent
	s.bytes = 0
}

// insert adds an entry for an ID that has none, and makes room for it.
func (s *shard[T]) insert(id session.ID, c Copy[T]) {
	e := &entry[T]{Copy: c, id: id}
	s.entries[id] = e
	s.link(e)
	s.bytes += e.Size
	for len(s.entries) > s.maxRecords || s.bytes > s.maxBytes {
		s.remove(s.recent.prev)
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
