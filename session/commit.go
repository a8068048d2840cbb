package session

import (
	"cmp"
	"context"
	"errors"
)

// Commit saves the changes made so far, all of them or none. Nothing is written
// if nothing has changed; a session that is only read has its idle time
// extended now and then. Handlers call Commit only to know the outcome before
// they answer: the middleware commits in any case.
//
// After an error the changes are still pending, and the middleware tries once
// more with the first byte of the response. A handler that answers in its own
// words drops them first, by [Session.Discard]. If a store that failed may have
// taken the change all the same, another try that finds the session changed
// fails too: no change is made twice. The errors are:
//
//   - [ErrGone]: the session was destroyed, renewed or revoked elsewhere.
//   - [ErrConflict]: other requests changed it again and again.
//   - [ErrLate]: the change needs a cookie and the response has begun.
//   - [ErrTooLarge]: the record is larger than the store takes.
//   - [*EncodeError]: the value cannot be stored.
//   - [*DecodeError]: what another request stored cannot be read.
//   - [ErrUnavailable]: the store failed or ctx is done; it is not known
//     whether the change was saved.
func (s *Session[T]) Commit(ctx context.Context) error {
	s.mu.Lock()
	untouched := !s.committing && s.idle() && (s.gone || s.policy.fresh(s.base.Revision, s.base.Expires, s.base.Deadline))
	s.mu.Unlock()
	if untouched {
		return nil
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	if err := s.bury(ctx); err != nil {
		return err
	}
	return s.commit(ctx)
}

func (s *Session[T]) commit(ctx context.Context) error {
	s.mu.Lock()
	c := s.snapshot()
	s.mu.Unlock()

	var err error
	switch {
	case c.pending.err != nil:
		err = &EncodeError{c.base.ID, c.pending.err}
	case c.gone && (c.asked() || c.wanted()):
		err = ErrGone
	case !c.gone:
		err = c.run(ctx)
	}
	if err != nil {
		return s.fail(ctx, &c, err)
	}
	s.finish(&c)
	return nil
}

// begin waits until no other commit of this session is under way.
func (s *Session[T]) begin(ctx context.Context) error {
	s.mu.Lock()
	for s.committing {
		if s.committed == nil {
			s.committed = make(chan struct{})
		}
		ended := s.committed
		s.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return StoreError(ctx.Err())
		}
		s.mu.Lock()
	}
	s.committing = true
	s.mu.Unlock()
	return nil
}

func (s *Session[T]) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committing = false
	if s.committed != nil {
		close(s.committed)
		s.committed = nil
	}
}

// bury deletes the record of a session that was destroyed.
func (s *Session[T]) bury(ctx context.Context) error {
	s.mu.Lock()
	doomed := s.doomed
	s.mu.Unlock()
	if doomed == nil {
		return nil
	}
	start := s.policy.clock()
	err := StoreError(s.delete(ctx, doomed.ID))
	e := Event{Kind: EventDestroyed, ID: doomed.ID, Owner: doomed.Owner, Duration: s.policy.since(start), Err: err}
	if err != nil {
		e.Kind = kindOf(err)
	}
	s.policy.observe(ctx, e)
	if err == nil {
		s.mu.Lock()
		s.doomed = nil // no other came meanwhile: what follows is not stored yet
		s.mu.Unlock()
	}
	return err
}

// delete ends a session. One that is absent may have been renewed, and the marker
// have come and gone, if it is long since it was seen: it goes on elsewhere then.
func (s *Session[T]) delete(ctx context.Context, id ID) error {
	s.mu.Lock()
	seen := s.seen
	s.mu.Unlock()
	if now().Sub(seen) > retiredFor/2 {
		if live, err := s.store.Exists(ctx, id); err != nil || !live {
			return cmp.Or(err, ErrGone)
		}
	}
	if err := s.store.Delete(ctx, id); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// fail reports that a commit failed, and remembers if it can never succeed.
func (s *Session[T]) fail(ctx context.Context, c *commit[T], err error) error {
	s.mu.Lock()
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrGone) {
		err = ErrGone
		s.gone = true
	}
	s.unsure = s.unsure || errors.Is(err, ErrUnavailable)
	s.mu.Unlock()
	s.policy.observe(ctx, Event{Kind: kindOf(err), ID: c.base.ID, Owner: c.base.Owner,
		Duration: s.policy.since(c.start), Attempts: c.attempts, Err: err})
	return err
}

func kindOf(err error) EventKind {
	switch {
	case errors.Is(err, ErrGone):
		return EventGone
	case errors.Is(err, ErrLate):
		return EventLate
	}
	return EventFailed
}

// finish takes over what was saved. Edits that were made while the store was at
// work are made again on that, and are for the next commit.
func (s *Session[T]) finish(c *commit[T]) {
	s.editing.Lock() // from here on no edits are added
	defer s.editing.Unlock()
	s.mu.Lock()
	later, epoch := s.pending, s.epoch
	s.mu.Unlock()
	if epoch == c.epoch {
		later = later.without(&c.pending)
	}
	value, err := &c.base.Value, error(nil)
	if len(later.edits) > 0 {
		value, err = c.replaySafely(later.edits)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsure = false
	if !c.seen.IsZero() {
		s.seen = c.seen
	}
	if s.ends != c.ends && c.base.Revision != 0 { // destroyed while it was saved, maybe under a new ID
		s.doomed = c.base
		return
	}
	rest := s.pending // Renew, Persist and SetDeadline may have been added
	switch {
	case s.epoch == c.epoch:
		rest = rest.without(&c.pending)
	case s.epoch != epoch: // dropped just now
		value, err = &c.base.Value, nil
	}
	if c.isNew() { // nothing was stored yet, to which these could apply
		rest.persist, rest.deadline = c.pending.persist, c.pending.deadline
	}
	s.rest(c.base, c.token)
	s.value, s.pending = value, rest
	if err != nil {
		s.value, s.pending.err = &c.base.Value, err
	}
}

// without returns what p asks for beyond what was asked for at first.
func (p pending[T]) without(first *pending[T]) pending[T] {
	p.edits = p.edits[len(first.edits):]
	p.renew = p.renew && !first.renew
	if p.persist == first.persist {
		p.persist = nil
	}
	if p.deadline == first.deadline {
		p.deadline = nil
	}
	return p
}
