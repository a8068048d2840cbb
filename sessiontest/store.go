package sessiontest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A Store is a store for tests. It keeps sessions in a [memstore.Store], records its
// calls, and can be made slow or made to fail. It is a [session.Indexer], a
// [session.Lister], a [session.Poller] and a [session.Watcher]. All methods are safe
// for concurrent use.
type Store[T any] struct {
	tb     testing.TB
	mem    *memstore.Store[T]
	faults faults
	log    log[T]
	reruns reruns[T]
}

// NewStore returns an empty Store for one test.
//
// When a request changes a stored session, its edits run twice on the same value, as they
// do if another request is first. The test fails if the results differ: an edit counts on
// a variable outside of it, for example. Times that differ by less than a second count as
// equal. An observer sees a conflict each time. [Store.RunEditsOnce] switches that off.
//
// Code without a test gives nil for tb.
// It must then use [Store.TrySeed] instead of Seed and SeedRecord.
func NewStore[T any](tb testing.TB) *Store[T] {
	return &Store[T]{tb: tb, mem: memstore.New[T](nil)}
}

// Direct returns the store that keeps the sessions. Its calls are not recorded, and
// no fault, delay or hook applies to them. Hooks can use it to act as another
// request, and tests to read the stored sessions.
func (s *Store[T]) Direct() *memstore.Store[T] { return s.mem }

// Load implements [session.Store].
func (s *Store[T]) Load(ctx context.Context, id session.ID) (rec session.Record[T], err error) {
	if s.reruns.reloads(ctx, id) {
		return s.mem.Load(ctx, id)
	}
	err = s.call(ctx, Call{Op: OpLoad, ID: id}, func() (err error) {
		if rec, err = s.mem.Load(ctx, id); err != nil {
			return err
		}
		return s.faults.readable(id)
	})
	if err != nil {
		return session.Record[T]{}, err
	}
	return rec, nil
}

// Save implements [session.Store].
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if err := s.again(ctx, rec); err != nil {
		return err
	}
	written := *rec
	err := s.call(ctx, Call{Op: OpSave, ID: rec.ID}, func() error {
		err := s.mem.Save(ctx, &written)
		if err == nil {
			s.faults.restore(rec.ID)
			if ctx.Value(unseen{}) == nil {
				s.log.saved(written)
			}
		}
		return err
	})
	if err == nil {
		rec.Revision = written.Revision
	}
	return err
}

// Touch implements [session.Store].
func (s *Store[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return s.call(ctx, Call{Op: OpTouch, ID: id}, func() error { return s.mem.Touch(ctx, id, rev, expires) })
}

// Delete implements [session.Store].
func (s *Store[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return s.call(ctx, Call{Op: OpDelete, ID: id}, func() error { return s.mem.Delete(ctx, id, rev) })
}

// Exists implements [session.Store].
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (found bool, err error) {
	err = s.call(ctx, Call{Op: OpExists, ID: id}, func() (err error) {
		found, err = s.mem.Exists(ctx, id)
		return err
	})
	return found && err == nil, err
}

// ByOwner implements [session.Indexer]. An iteration is one call, which is recorded
// when it ends.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return s.iterate(ctx, Call{Op: OpByOwner, Owner: owner}, s.mem.ByOwner(ctx, owner))
}

// All implements [session.Lister]. An iteration is one call, which is recorded when
// it ends.
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return s.iterate(ctx, Call{Op: OpAll}, s.mem.All(ctx))
}

func (s *Store[T]) iterate(ctx context.Context, c Call, seq iter.Seq2[session.Record[T], error]) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		more := true
		err := s.call(ctx, c, func() error {
			for rec, err := range seq {
				if err != nil {
					return err
				}
				if err = s.faults.readable(rec.ID); err != nil {
					rec = session.Record[T]{}
				}
				if more = yield(rec, err); !more {
					break
				}
			}
			return nil
		})
		if err != nil && more {
			yield(session.Record[T]{}, err)
		}
	}
}

// call carries out a call under the faults of its method, calls the hooks and records the
// call. Calls by [Peek] are only carried out.
func (s *Store[T]) call(ctx context.Context, c Call, do func() error) error {
	if ctx.Value(unseen{}) != nil {
		return do()
	}
	if a := actorOf(ctx); a != nil {
		return a.take(c, func() error { return s.carryOut(ctx, c, do) })
	}
	return s.carryOut(ctx, c, do)
}

func (s *Store[T]) carryOut(ctx context.Context, c Call, do func() error) error {
	fault, hooks := s.faults.of(c.Op)
	if hooks.before != nil {
		hooks.before(c)
	}
	s.faults.another(c)
	c.Err = fault.carryOut(ctx, do)
	s.log.called(c)
	if hooks.after != nil {
		hooks.after(c)
	}
	return c.Err
}
