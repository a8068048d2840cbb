package storetest_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

// A mapStore keeps sessions in a map: a whole store, to begin another one with.
type mapStore[T any] struct {
	mu   sync.Mutex
	last session.Revision // no revision comes twice, whatever happens to an ID
	live map[session.ID]session.Record[T]
}

func newMapStore[T any]() *mapStore[T] {
	return &mapStore[T]{live: make(map[session.ID]session.Record[T])}
}

// enter locks the store and removes the record of id if it has ended. Call exit after it.
func (s *mapStore[T]) enter(ctx context.Context, id session.ID) (rec session.Record[T], live bool, err error) {
	s.mu.Lock()
	if rec, live = s.live[id]; live && rec.Ended(time.Now()) {
		delete(s.live, id)
		live = false
	}
	return rec, live, ctx.Err()
}

func (s *mapStore[T]) exit() { s.mu.Unlock() }

func (s *mapStore[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, live, err := s.enter(ctx, id)
	defer s.exit()
	if err == nil && !live {
		err = session.ErrNotFound
	}
	return rec, err
}

func (s *mapStore[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	_, live, err := s.enter(ctx, id)
	defer s.exit()
	return live, err
}

func (s *mapStore[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	old, live, err := s.enter(ctx, rec.ID)
	defer s.exit()
	switch {
	case err != nil:
		return err
	case rec.Ended(time.Now()), !live && rec.Revision != 0:
		return session.ErrNotFound
	case live && rec.Revision == 0:
		return session.ErrExists
	case live && rec.Revision != old.Revision:
		return session.ErrConflict
	}
	s.last++
	rec.Revision = s.last
	s.live[rec.ID] = *rec
	return nil
}

func (s *mapStore[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	rec, live, err := s.enter(ctx, id)
	defer s.exit()
	switch {
	case err != nil:
		return err
	case !live, !expires.After(time.Now()):
		return session.ErrNotFound
	case rec.Revision != rev:
		return session.ErrConflict
	}
	if rec.Expires = expires; !rec.Deadline.IsZero() && expires.After(rec.Deadline) {
		rec.Expires = rec.Deadline
	}
	s.live[id] = rec
	return nil
}

func (s *mapStore[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	rec, live, err := s.enter(ctx, id)
	defer s.exit()
	switch {
	case err != nil:
		return err
	case !live:
		return session.ErrNotFound
	case rev != 0 && rec.Revision != rev:
		return session.ErrConflict
	}
	delete(s.live, id)
	return nil
}

// ByOwner makes the store an Indexer. No lock is held while it yields.
func (s *mapStore[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		s.mu.Lock()
		all := slices.Collect(maps.Values(s.live))
		s.mu.Unlock()
		for _, rec := range all {
			if err := ctx.Err(); err != nil {
				yield(session.Record[T]{}, err)
				return
			}
			if owner != "" && rec.Owner == owner && !rec.Ended(time.Now()) && !yield(rec, nil) {
				return
			}
		}
	}
}

// A store, and its test. In a synctest bubble, waiting for expiry takes no time.
func Example() {
	_ = func(t *testing.T) { // TestConformance
		storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] {
			return newMapStore[storetest.Profile]()
		}, &storetest.Options{Bubble: true, Indexer: true})
	}
	// Output:
}
