package sessiontest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A script holds a test's plans for the calls of a store. The zero script has none.
type script struct {
	mu    sync.Mutex
	plans map[Op]plan
	hooks hooks

	unreadable map[session.ID]error // why records cannot be read
}

type hooks struct{ before, after func(Call) }

// A plan says how a call goes.
type plan struct {
	hooks
	fail  error // instead of carrying it out
	lose  error // after carrying it out
	delay time.Duration
}

func (s *script) plan(op Op) plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plans[op]
	p.hooks = s.hooks
	return p
}

func (s *script) change(op Op, edit func(*plan)) {
	op.check()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plans == nil {
		s.plans = make(map[Op]plan)
	}
	p := s.plans[op]
	edit(&p)
	s.plans[op] = p
}

// readable returns nil, or a [*session.DecodeError] for a record that was corrupted.
func (s *script) readable(id session.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.unreadable[id]; err != nil {
		return &session.DecodeError{ID: id, Err: err}
	}
	return nil
}

func (p *plan) run(ctx context.Context, do func() error) error {
	if err := sleep(ctx, p.delay); err != nil {
		return err
	}
	if p.fail != nil {
		return p.fail
	}
	if err := do(); err != nil {
		return err
	}
	return p.lose
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

// Fail makes every later call of op return err, or yield it, instead of doing
// anything. A nil err ends that.
func (s *Store[T]) Fail(op Op, err error) {
	s.script.change(op, func(p *plan) { p.fail = err })
}

// LoseReply makes every later call of op that would succeed return err all the
// same: the call took effect, but its caller does not know. A nil err ends
// that.
func (s *Store[T]) LoseReply(op Op, err error) {
	s.script.change(op, func(p *plan) { p.lose = err })
}

// Delay makes every later call of op wait for d before it does anything. A call
// whose context is done meanwhile returns [session.ErrUnavailable] together with
// the context's error. A zero d ends the delays.
func (s *Store[T]) Delay(op Op, d time.Duration) {
	s.script.change(op, func(p *plan) { p.delay = d })
}

// Corrupt makes the record of id unreadable: Load returns, and ByOwner and All yield,
// a [*session.DecodeError] that wraps err. They go on to other records. Err may be
// [session.ErrNewer]. All other methods work. A nil err makes the record readable
// again.
func (s *Store[T]) Corrupt(id session.ID, err error) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	if s.script.unreadable == nil {
		s.script.unreadable = make(map[session.ID]error)
	}
	s.script.unreadable[id] = err
}

// Before makes f be called when a later call begins, before any delay, by the
// goroutine that makes it. The call's Err is nil. A hook that calls methods of
// the store is called for those too: use [Store.Direct]. A nil f ends that.
func (s *Store[T]) Before(f func(Call)) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	s.script.hooks.before = f
}

// After makes f be called when a later call is over and recorded, as
// [Store.Before] does when it begins.
func (s *Store[T]) After(f func(Call)) {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	s.script.hooks.after = f
}
