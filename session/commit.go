package session

import (
	"context"
	"errors"
	"time"
)

// Commit saves the changes made so far, all of them or none. It writes nothing
// if nothing has changed, except that it extends the idle time of a session now
// and then. The middleware commits in any case: handlers call Commit to know the
// outcome before they answer.
//
// After an error the changes are still pending, and the middleware tries again
// before the first byte of the response. A handler that answers by itself drops
// them by [Session.Discard]. In a transaction of the application's own, more
// applies: see [WithTransaction]. The errors are:
//
//   - [ErrGone]: another request destroyed, renewed or revoked the session.
//   - [ErrConflict]: other requests kept changing the session.
//   - [ErrLate]: the change needs a cookie and the response has begun.
//   - [ErrTooLarge]: the record is larger than the store takes.
//   - [*EncodeError]: the value cannot be stored.
//   - [*DecodeError]: the record that another request stored cannot be read.
//   - [ErrUnavailable]: the store failed or ctx is done. It is unknown whether
//     the change was saved. A further Commit never makes it twice: it fails
//     instead if the session has changed.
func (s *Session[T]) Commit(ctx context.Context) error {
	s.refuseWithinEdit()
	if s.settled() {
		return nil
	}
	if err := s.committing.enter(ctx); err != nil {
		return err
	}
	defer s.committing.leave()
	if pending, err := s.finishTransaction(ctx); err != nil || !pending {
		return err
	}
	if tx := TransactionOf(ctx); tx != nil {
		return s.commitWithin(ctx, tx)
	}
	return s.commitAll(ctx)
}

// commitAll carries out all that is pending. The caller holds the committing gate.
func (s *Session[T]) commitAll(ctx context.Context) error {
	if err := s.deleteDestroyed(ctx); err != nil {
		return err
	}
	if err := s.completeRenewal(ctx); err != nil {
		return s.unlessUnmodified(ctx, err)
	}
	return s.commit(ctx)
}

// A commit carries one draft to the store. Its fields belong to the goroutine
// that commits.
type commit[T any] struct {
	s         *Session[T]
	draft     *draft[T]
	base      *Record[T] // the record that the draft changes; in the end the stored one
	value     *T         // base.Value with the draft's edits
	token     Token      // of base
	gone      bool
	late      bool
	cached    bool // base may be out of date
	touchDue  bool
	from      ID         // of base when the commit began
	did       action     // the last decision
	next      renewal[T] // of base, until base is the new record
	unknown   bool       // whether next is complete is unknown
	moved     bool       // value was not made from the base that the commit began with
	attempts  int
	start     time.Time
	storedAt  time.Time // when base was last known to be stored
	touchedAt time.Time // when the last touch failed
	events    []Event   // reported when the session's state is right
}

func (s *Session[T]) commit(ctx context.Context) error {
	c, err := s.takeDraft(ctx)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned { // an edit panicked in a replay
			s.putBack(&c, errPanic)
		}
	}()
	err = c.run(ctx)
	returned = true
	if err == nil {
		s.finish(&c)
		c.enforceMax(ctx)
	} else {
		err = s.putBack(&c, err)
		c.event(Event{Kind: failureKind(err), ID: c.base.ID, Owner: c.base.Owner, Attempts: c.attempts, Err: err})
	}
	for _, e := range c.events {
		s.report(ctx, e)
	}
	return err
}

var errPanic = errors.New("session: an edit panicked")

// takeDraft begins a commit. It waits until no edit runs, since a running edit
// belongs to the draft.
func (s *Session[T]) takeDraft(ctx context.Context) (c commit[T], err error) {
	if err := s.editing.enter(ctx); err != nil {
		return c, err
	}
	defer s.editing.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	c = s.view()
	s.draft, s.inflight = nil, c.draft
	c.start = s.policy.clock()
	return c, nil
}

// view returns the commit that would begin now. The caller holds mu.
func (s *Session[T]) view() commit[T] {
	d := s.draft
	if d == nil {
		d = new(draft[T])
	}
	return commit[T]{s: s, draft: d, base: s.base, value: s.current(), token: s.token, from: s.base.ID,
		gone: s.gone, late: s.late, cached: s.cached, touchDue: s.touchDue(), storedAt: s.storedAt, touchedAt: s.touchedAt}
}

// finish installs the stored record as the session's state.
func (s *Session[T]) finish(c *commit[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = nil
	s.storedAt, s.touchedAt, s.cached = c.storedAt, c.touchedAt, c.cached
	if c.draft.destroyed {
		s.endRenewed(c.from, c.base, c.storedAt)
		return
	}
	s.base, s.token, s.gone = c.base, c.token, c.gone
	if c.did == leave && c.base.Revision == 0 && !c.draft.dropped {
		s.restore(c.draft) // nothing of it was stored yet
	}
	// Edits made meanwhile began with the value that the commit began with, or
	// with the one before if its draft was dropped.
	if c.moved || c.draft.dropped {
		s.rebaseDraft()
	}
}

// rebaseDraft makes the pending edits on the session's base, which is another one
// than they were made on. The caller holds mu, which rebaseDraft gives up for a while.
func (s *Session[T]) rebaseDraft() {
	if s.draft == nil {
		return
	}
	s.draft.stale = true
	if s.editing.tryEnter() { // else leaveEditing is yet to come
		s.mu.Unlock()
		s.leaveEditing()
		s.mu.Lock()
	}
}

// putBack puts the changes of a failed commit in front of those that were made
// meanwhile. It returns the error for the caller of Commit.
func (s *Session[T]) putBack(c *commit[T], err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = nil
	if ended(err) {
		err = ErrGone
	}
	switch d := c.draft; {
	case d.destroyed:
		s.endRenewed(c.from, c.next.rec, c.storedAt)
		return err
	case c.unknown:
		next := c.next
		if !d.dropped {
			next.draft = d
		}
		s.renewal = &next
	case !d.dropped:
		s.restore(d)
	}
	s.gone = s.gone || err == ErrGone
	return err
}

// restore makes d pending again. The caller holds mu.
func (s *Session[T]) restore(d *draft[T]) {
	if s.draft != nil {
		s.draft.prepend(d)
	} else {
		s.draft = d
	}
}

// unlessUnmodified reports a failure before the commit and returns it if there
// are changes, which were not saved.
func (s *Session[T]) unlessUnmodified(ctx context.Context, err error) error {
	rec := s.record()
	s.report(ctx, Event{Kind: failureKind(err), ID: rec.ID, Owner: rec.Owner, Err: err})
	if s.Modified() {
		return err
	}
	return nil
}

func failureKind(err error) EventKind {
	switch {
	case errors.Is(err, ErrGone):
		return EventGone
	case errors.Is(err, ErrLate):
		return EventLate
	}
	return EventFailed
}

// event reports how the commit ended.
func (c *commit[T]) event(e Event) { c.step(e.since(c.start)) }

// step keeps an event for when the commit is over, if somebody listens. An observer
// that panics must find the session in order.
func (c *commit[T]) step(e Event) {
	if p := c.s.policy; p.Observe != nil || p.Report != nil && e.Kind.Trouble() {
		c.events = append(c.events, e)
	}
}
