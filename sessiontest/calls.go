package sessiontest

import (
	"slices"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// A log records the calls and the saved records of a store. The zero log is empty.
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

// Saved returns the records that Save has stored so far, in that order, with their
// new revisions. Their values belong to the store. They must not be written to.
func (s *Store[T]) Saved() []session.Record[T] {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.records)
}

// Reset clears [Store.Calls] and [Store.Saved], for example after a test's
// preparations. The stored sessions stay, and so do faults, delays and hooks.
func (s *Store[T]) Reset() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.calls, s.log.records = nil, nil
}
