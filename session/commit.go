package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
)

const (
	// maxAttempts bounds how often one commit tries to write. For each failure
	// another request has succeeded.
	maxAttempts = 100

	minBackoff, maxBackoff = time.Millisecond, 32 * time.Millisecond
)

// Commit saves the changes made so far, all of them or none. It writes nothing
// if nothing has changed, except that it extends the idle time of a session now
// and then. The middleware commits in any case: handlers call Commit to know the
// outcome before they answer.
//
// Commit ends after [Policy.SaveTimeout] at the latest, or when ctx is done. After an
// error the changes are still pending, and the middleware tries again before the first
// byte of the response. A handler that answers by itself drops them by
// [Session.Discard]. In a transaction of the application's own, more applies: see
// [WithTransaction]. The errors are:
//
//   - [ErrGone]: another request ended the session or its token.
//   - [ErrConflict]: other requests kept changing the session.
//   - [ErrLate]: the change needs a cookie and the response has begun.
//   - [ErrTooManySessions]: the owner may not have another session.
//   - [ErrTooLarge]: the record is larger than the store takes.
//   - [*EncodeError]: the value cannot be stored.
//   - [*DecodeError]: the record that another request stored cannot be read.
//   - [ErrTimeout]: the deadline of ctx had passed before the call, which saves nothing.
//   - [ErrUnavailable]: the store failed or ctx is done. It is unknown whether
//     the change was saved. A further Commit never makes it twice: it fails
//     instead if the session has changed.
func (s *Session[T]) Commit(ctx context.Context) (err error) {
	if s.settled() {
		return nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errTimePassed // the store was not asked, so it has not failed
	}
	ctx, stop := s.policy.bound(ctx)
	defer stop()
	var events []Event
	defer func() { // the gate is free: observers may change the session and commit
		for _, e := range events {
			s.policy.observe(ctx, e)
		}
	}()
	tx := TransactionOf(ctx)
	entered := s.within(ctx, func() {
		c := s.begin()
		defer func() { events, err = c.finish(tx, err) }()
		if err = s.onlyWithin(tx); err == nil {
			err = errPanic // unless run returns
			err = c.run(ctx)
		}
		if tx != nil && err == nil {
			err = c.fail(StoreError(tx.Err())) // of a touch, or of others' ends
		}
	})
	switch {
	case entered != nil:
		return StoreError(entered)
	case tx != nil:
		s.awaitEnd(tx)
	}
	return err
}

var (
	errPanic      = errors.New("session: an edit or the store panicked")
	errTimePassed = fmt.Errorf("%w before the commit began", ErrTimeout)
)

// bound returns a context that ends with the commit's time at the latest.
func (p *Policy) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := p.SaveTimeout
	if timeout == 0 {
		timeout = DefaultSaveTimeout
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// settled reports whether Commit has nothing to do.
func (s *Session[T]) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draft != nil || s.destroyed != nil || s.joined != nil || s.gate.busy() {
		return false
	}
	c := s.snapshot()
	return c.upkeepDue(now()) == leave
}

// A commit carries the session's changes to the store. It works on a copy of the
// session's state.
type commit[T any] struct {
	s *Session[T]
	state[T]
	late     bool
	passive  bool
	fresh    bool   // base is as the store had it a moment ago
	joins    bool   // base is another log-in's of the same owner; the session is gone otherwise
	next     Token  // the new token; all attempts use the same
	offering string // the offer of the record that is about to be stored
	attempts int
	start    time.Time
	events   []Event
	own      draft[T] // room for a copy of the session's draft
	turn     *turn    // that the commit has taken; nil without one
}

// snapshot returns a commit that works on a copy of the session's state. The caller holds
// mu.
func (s *Session[T]) snapshot() commit[T] {
	return commit[T]{s: s, state: s.state, late: s.late, passive: s.passive, fresh: s.outside != nil}
}

// begin begins a commit. The caller holds the gate.
func (s *Session[T]) begin() *commit[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := new(commit[T])
	*c = s.snapshot()
	c.start = s.policy.clock()
	if c.draft != nil {
		c.own = *c.draft
	}
	c.draft = &c.own
	return c
}

// finish installs the outcome as the session's state. It returns the events to report
// and the error of the commit.
func (c *commit[T]) finish(tx Transaction, err error) ([]Event, error) {
	if c.turn != nil {
		c.leaveTurn(err)
	}
	switch d := c.draft; {
	case err == nil && c.isNew() && !c.gone && (d.remember != nil || d.deadline != nil || d.idle != nil):
		c.draft = &draft[T]{demands: demands{remember: d.remember, deadline: d.deadline, idle: d.idle}} // for when it is stored
	case err == nil || d.empty():
		c.draft = nil
	}
	if tx != nil {
		return c.finishWithin(tx, err)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.state = c.state
	return c.events, err
}

// run carries out the pending changes. It tries again when another request was first.
func (c *commit[T]) run(ctx context.Context) error {
	err := c.deleteDestroyed(ctx)
	for err == nil {
		if c.draft.lost != nil {
			before := c.base
			if err = c.findLost(ctx); err == nil {
				c.enforceMax(ctx, before)
			}
			continue
		}
		var what action
		at := now()
		if what, err = c.decide(at); err != nil || what == leave {
			break
		}
		var again bool
		if again, err = c.perform(ctx, what, at); !again {
			break
		}
	}
	if !errors.Is(err, ErrUnavailable) { // else the log-in may be stored yet
		c.leaveSeat(ctx)
	}
	return c.fail(err)
}

// fail reports how the commit failed, if it did.
func (c *commit[T]) fail(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrNotFound) {
		err = ErrGone
	}
	c.gone = c.gone || err == ErrGone && c.destroyed == nil
	if errors.Is(err, hooks.ErrOld) {
		return err // the device answers another challenge
	}
	c.event(Event{Kind: failureKind(err), Attempts: c.attempts, Err: err})
	return err
}

// wait waits for the commit's turn after another request was first.
func (c *commit[T]) wait(ctx context.Context, id ID, cause error) error {
	c.step(Event{Kind: EventConflict, ID: id, Owner: c.base.Owner, Attempts: c.attempts, Err: cause})
	if c.attempts >= maxAttempts {
		return fmt.Errorf("%w: gave up after %d attempts", ErrConflict, c.attempts)
	}
	if took, err := c.takeTurn(ctx, id, true); took || err != nil {
		return err
	}
	if err := backOff(ctx, c.attempts); err != nil { // another process was first
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return nil
}

func backOff(ctx context.Context, attempts int) error {
	timer := time.NewTimer(rand.N(min(minBackoff<<min(attempts, 10), maxBackoff)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func failureKind(err error) EventKind {
	switch {
	case errors.Is(err, ErrGone):
		return EventGone
	case errors.Is(err, ErrLate):
		return EventLate
	case errors.Is(err, ErrTooManySessions):
		return EventRefused
	case errors.Is(err, hooks.ErrStale):
		return EventUnproven
	}
	return EventFailed
}

// event keeps the event of how the commit ended.
func (c *commit[T]) event(e Event) {
	e.ID, e.Owner = c.base.ID, c.base.Owner
	c.step(e.since(c.start))
}

// step keeps an event until the commit is over, if anybody observes. An observer that
// panics must find the session in order.
func (c *commit[T]) step(e Event) {
	if p := c.s.policy; p.Observe != nil || p.Report != nil && e.Kind.Trouble() {
		e.Operation = OperationCommit
		c.events = append(c.events, e)
	}
}
