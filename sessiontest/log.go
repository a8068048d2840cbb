package sessiontest

import (
	"slices"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// A log holds the calls of a store. The zero log is empty.
type log[T any] struct {
	mu      sync.Mutex
	calls   []Call
	records []session.Record[T]
}

func (l *log[T]) called(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

func (l *log[T]) saved(rec session.Record[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, rec)
}

// Calls returns the calls so far, in the order in which they ended.
func (s *Store[T]) Calls() []Call {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.calls)
}

// Saved returns the records that Save has written so far, in that order, with the
// revisions that they were given. The values are the
// store's own: they must not be written to.
func (s *Store[T]) Saved() []session.Record[T] {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.records)
}

// Reset forgets the calls and the list of saved records, for tests that arrange
// first and ask later. The stored records stay, and so do faults, delays and hooks.
func (s *Store[T]) Reset() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.calls, s.log.records = nil, nil
}
