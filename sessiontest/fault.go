package sessiontest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// faults are the faults and hooks of a store. The zero value has none.
type faults struct {
	mu    sync.Mutex
	byOp  map[Op]fault
	hooks hooks

	unreadable map[session.ID]error // why records cannot be read
	meanwhile  func(Call) bool      // another request; it reports whether it has acted
}

type hooks struct{ before, after func(Call) }

// A fault applies to each call of one method.
type fault struct {
	fail  error // returned instead of carrying out the call
	lose  error // returned after carrying out the call
	delay time.Duration
}

func (f *faults) of(op Op) (fault, hooks) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byOp[op], f.hooks
}

func (f *faults) change(op Op, edit func(*fault)) {
	op.check()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byOp == nil {
		f.byOp = make(map[Op]fault)
	}
	changed := f.byOp[op]
	edit(&changed)
	f.byOp[op] = changed
}

func (f *fault) carryOut(ctx context.Context, do func() error) error {
	if err := sleep(ctx, f.delay); err != nil {
		return err
	}
	if f.fail != nil {
		return f.fail
	}
	if err := do(); err != nil {
		return err
	}
	return f.lose
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", session.ErrUnavailable, ctx.Err())
	}
}

// Fail makes each later call of op return or yield err without being carried out. A
// nil err ends the fault.
func (s *Store[T]) Fail(op Op, err error) {
	s.faults.change(op, func(f *fault) { f.fail = err })
}

// LoseReply makes each later call of op that succeeds return err, as if its reply was
// lost. The call is carried out. A nil err ends the fault.
func (s *Store[T]) LoseReply(op Op, err error) {
	s.faults.change(op, func(f *fault) { f.lose = err })
}

// Delay makes each later call of op wait for d before it is carried out. If its context
// ends during that time, the call returns [session.ErrUnavailable] together with the
// context's error. A zero d ends the delays.
func (s *Store[T]) Delay(op Op, d time.Duration) {
	s.faults.change(op, func(f *fault) { f.delay = d })
}

// Before sets a hook that is called at the beginning of each later call, before any
// delay, by the goroutine that makes the call. The call's Err is nil. The hook should use
// [Store.Direct], since it is called for its own calls of the store too. A nil f removes
// the hook.
func (s *Store[T]) Before(f func(Call)) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.hooks.before = f
}

// After sets a hook that is called when a later call has ended and is recorded. Otherwise
// it is like [Store.Before].
func (s *Store[T]) After(f func(Call)) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.hooks.after = f
}

// readable returns nil, or a [*session.DecodeError] for a record that was corrupted.
func (f *faults) readable(id session.ID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.unreadable[id]; err != nil {
		return &session.DecodeError{ID: id, Err: err}
	}
	return nil
}

// restore makes a record readable.
func (f *faults) restore(id session.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.unreadable, id)
}

// Corrupt makes the record of id unreadable: Load returns, and ByOwner and All yield,
// a [*session.DecodeError] that wraps err. They go on to other records. Err may be
// [session.ErrNewer]. All other methods work. A nil err makes the record readable
// again, and so does a Save that replaces it.
func (s *Store[T]) Corrupt(id session.ID, err error) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.unreadable == nil {
		s.faults.unreadable = make(map[session.ID]error)
	}
	s.faults.unreadable[id] = err
}
