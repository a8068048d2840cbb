package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
)

// perform carries out the decision. It reports whether to decide again, since another
// request was first.
func (c *commit[T]) perform(ctx context.Context, what action, at time.Time) (again bool, _ error) {
	switch what {
	case touch, tend:
		return c.upkeep(ctx, what, at), nil
	case reload:
		return true, c.reload(ctx)
	case expire:
		c.end(ReasonDeadline)
		c.draft = new(draft[T])
		return false, c.deleteDestroyed(ctx)
	case join:
		if !c.joins {
			return true, c.reload(ctx)
		}
	}
	rec, renewed, err := c.record(what, at)
	switch {
	case err != nil:
		return false, err
	case what == join && !renewed: // no room beside the other secrets
		return true, c.lose()
	case rec.Ended(at):
		return false, ErrNotFound
	}
	if what != create {
		if took, err := c.takeTurn(ctx, c.base.ID, false); took || err != nil {
			return true, c.again(ctx, err)
		}
	}
	if err := c.takeSeat(ctx, rec); err != nil {
		return false, err
	}
	c.attempts++
	c.orderLogIn(ctx, rec)
	before := c.base
	switch err = c.save(ctx, rec, renewed, at); {
	case err == nil:
		c.adopt(what, rec, renewed)
		c.enforceMax(ctx, before)
		return false, nil
	case errors.Is(err, ErrUnavailable):
		return false, err
	case errors.Is(err, ErrExists) && what == create && c.attempts < maxAttempts:
		c.next = Token{} // the ID is another session's
		return true, nil
	case errors.Is(err, ErrNotFound) && what != create && c.attempts < maxAttempts:
		c.gone, c.joins = !rec.Ended(now()), false // else its end came while it was saved
		return true, nil
	case errors.Is(err, ErrNotFound) && what == create: // no other request knows of it
		return false, fmt.Errorf("%w: the new session ended before it was stored", ErrUnavailable)
	case !errors.Is(err, ErrConflict):
		return false, err
	}
	return true, c.again(ctx, c.wait(ctx, before.ID, err))
}

// save stores the record. If the store does not answer, or panics, it may have the record
// or not.
func (c *commit[T]) save(ctx context.Context, rec *Record[T], renewed bool, at time.Time) (err error) {
	err = errPanic // unless Save returns
	defer func() {
		if err != errPanic && !errors.Is(err, ErrUnavailable) {
			return
		}
		l := lost{id: rec.ID, base: c.base.Revision, at: at}
		if renewed {
			l.token = c.next
		}
		c.draft.keepLost(l)
	}()
	return StoreError(c.s.store.Save(ctx, rec))
}

// again prepares another decision, about the record that another request has stored.
func (c *commit[T]) again(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	if c.turn != nil {
		last, ok := c.turn.last.(*Record[T])
		if c.turn.last = nil; ok {
			return c.meet(last)
		}
	}
	return c.reload(ctx)
}

// adopt makes a stored record the session's, and the commit's changes done.
func (c *commit[T]) adopt(what action, rec *Record[T], renewed bool) {
	e := Event{Kind: EventSaved, Attempts: c.attempts}
	switch {
	case what == create:
		e.Kind = EventCreated
	case c.draft.proof != nil && c.draft.proof.binds:
		e.Kind = EventBound
	case c.draft.proof != nil:
		e.Kind = EventRefreshed
	case renewed:
		e.Kind = EventRenewed
	case what == tend:
		e.Kind = EventTouched
	}
	if c.s.policy.Observe != nil && what != tend {
		e.Changes = c.s.plan.Changes(&c.base.Value, &rec.Value)
	}
	e.LogIn = logsIn(c.base, rec)
	c.base, c.gone, c.copied, c.failed = rec, false, false, time.Time{}
	*c.draft = draft[T]{seat: c.draft.seat}
	if renewed || c.offering != "" {
		c.offer = c.offering
	}
	if renewed {
		c.token, c.kind, c.news = c.next, current, hooks.NewToken
		c.next = Token{}
	}
	c.event(e)
}

// logsIn reports whether after is before with another log-in.
func logsIn[T any](before, after *Record[T]) bool {
	return !after.LoggedIn.IsZero() && !after.LoggedIn.Equal(before.LoggedIn)
}

// upkeep moves the idle end of a session that was only read, and settles or rotates
// its secrets. A failure does not fail the request, which changed nothing. It reports
// whether to decide again, since another request was first. Its change may have been
// passive, so that the idle end is still to be moved.
func (c *commit[T]) upkeep(ctx context.Context, what action, at time.Time) (again bool) {
	c.attempts++
	var err error
	var rec *Record[T]
	var renewed bool
	if what == tend {
		rec, renewed, _ = c.record(tend, at) // fails only for a changed value
		err = c.s.store.Save(ctx, rec)
	} else {
		touched := *c.base
		touched.Expires = expires(c.s.policy, c.base, at)
		rec, err = &touched, c.s.store.Touch(ctx, c.base.ID, c.base.Revision, touched.Expires)
	}
	switch err = StoreError(err); {
	case err == nil && what == tend:
		c.adopt(tend, rec, renewed)
	case err == nil:
		c.base = rec
		c.event(Event{Kind: EventTouched})
	case errors.Is(err, ErrConflict) && (c.attempts > 1 || c.reload(ctx) != nil):
		c.failed = at
	case errors.Is(err, ErrConflict) && !c.gone:
		return true
	case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
		c.gone = true
		c.event(Event{Kind: EventGone, Err: ErrGone})
	default:
		c.failed = at
		c.event(Event{Kind: failureKind(err), Err: err})
	}
	return false
}

// reload makes the stored record the base of the draft.
func (c *commit[T]) reload(ctx context.Context) error {
	rec, err := load(ctx, c.s.store, c.base.ID)
	_, unreadable := errors.AsType[*DecodeError](err)
	switch {
	case err == nil:
		return c.meet(&rec)
	case errors.Is(err, ErrNotFound), unreadable && c.draft.logIn:
		return c.lose()
	}
	return err
}

// meet makes rec, which the store has, the record that the draft changes: if it still
// accepts the request's secret, or if a log-in of its owner joins it. An edit from
// outside has no secret, but a condition.
func (c *commit[T]) meet(rec *Record[T]) error {
	var how standing
	how, c.kind = rec.Secrets.classify(c.token.hash(), c.s.arrived)
	switch accepts := c.s.outside; {
	case c.draft.proof != nil: // which is verified again when it is decided again
		how = accepted
	case accepts != nil && accepts(rec):
		how = accepted
	case accepts == nil && c.kind == 0 && !c.gone && rec.Secrets.Renewals() == c.base.Secrets.Renewals():
		how = accepted // rotations since have dropped the secret, and nothing has ended it
	}
	owner := ownerOf(c.current())
	joins := how == gone && c.draft.logIn && owner != "" && owner == rec.Owner
	if how != accepted && !joins {
		return c.lose()
	}
	if err := c.replayOn(rec, c.draft.edits); err != nil {
		return err
	}
	c.gone, c.joins, c.copied, c.fresh = joins, joins, false, true
	if joins && ownerOf(c.current()) != owner {
		return c.lose()
	}
	return nil
}

// lose notes that another request has ended the session or its token. A log-in begins a
// new session.
func (c *commit[T]) lose() error {
	c.gone, c.joins = true, false
	if !c.draft.logIn {
		return nil
	}
	if err := c.replayOn(new(Record[T]), c.draft.edits); err != nil {
		return err
	}
	c.token, c.kind, c.next, c.gone, c.copied = Token{}, 0, Token{}, false, false
	return nil
}

// replayOn makes rec the base of the draft: it makes the edits on its value. Each edit
// gets a copy of its own, because the edit before may have put data of its caller
// there.
func (c *commit[T]) replayOn(rec *Record[T], edits []func(*T)) error {
	var value *T
	for _, edit := range edits {
		from := value
		if from == nil {
			from = &rec.Value
		}
		value = c.s.plan.Copy(from)
		edit(value)
		if err := c.s.plan.Verify(value); err != nil {
			return &EncodeError{rec.ID, err}
		}
	}
	c.base, c.draft.value, c.draft.edits = rec, value, edits
	return nil
}

// findLost finds out whether the store has the write without a reply.
func (c *commit[T]) findLost(ctx context.Context) error {
	l := c.draft.lost
	rec, err := load(ctx, c.s.store, l.id)
	switch {
	case errors.Is(err, ErrNotFound):
		c.draft.forgetLost()
		// A creation is not sent again under the same ID: a late write must not revive
		// an ended session.
		c.gone = l.base != 0
		return nil
	case err != nil:
		return err
	}
	switch how, k := rec.Secrets.classify(l.token.hash(), c.s.arrived); {
	case k != 0:
		return c.found(&rec, l, how, k)
	case rec.Revision == l.base:
		c.draft.forgetLost()
		return nil
	case !l.token.IsZero() && l.base != 0 && now().Sub(l.at) < renewalGrace && rec.Secrets.hasRoom(hash{}, l.at):
		c.draft.forgetLost()
		return c.meet(&rec) // a record with room keeps each secret that long
	}
	return fmt.Errorf("%w: an earlier attempt to save this change may have succeeded: %w", ErrUnavailable, ErrConflict)
}

// found goes on after a lost write that the store has, with the secret that it added.
func (c *commit[T]) found(rec *Record[T], l *lost, how standing, k kind) error {
	before := c.base
	if err := c.replayOn(rec, c.draft.edits[l.edits:]); err != nil {
		return err
	}
	c.draft.lost = nil
	c.token, c.kind, c.gone, c.copied, c.fresh = l.token, k, how != accepted, false, true
	if k == current {
		c.news = hooks.NewToken
	}
	e := Event{Kind: EventRenewed, Attempts: c.attempts, LogIn: logsIn(before, rec)}
	if l.base == 0 {
		e.Kind = EventCreated
	}
	c.event(e)
	return nil
}
