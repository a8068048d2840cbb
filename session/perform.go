package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// maxAttempts bounds how often one commit tries to write. For each failure
	// another request has succeeded: n requests at once need n attempts at most.
	maxAttempts = 100

	minBackoff, maxBackoff = time.Millisecond, 32 * time.Millisecond

	// grace is how long cleaning up may take when the caller's time has run out.
	grace = 25 * time.Millisecond
)

// run carries the draft to the store. It tries again on the newer record as long
// as another request is first.
func (c *commit[T]) run(ctx context.Context) error {
	defer c.deleteSuccessor(ctx)
	for {
		var err error
		if c.did, err = c.decide(now()); err == nil {
			err = StoreError(c.perform(ctx))
		}
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrConflict) {
			err = c.catchUp(ctx, err)
		}
		if c.draft.logIn && !c.base.ID.IsZero() && ended(err) {
			err = c.startOver(ctx)
		}
		if errors.Is(err, ErrNotFound) && c.deadlinePassed(now()) {
			continue // the end came meanwhile
		}
		if err != nil {
			return err
		}
	}
}

func ended(err error) bool { return errors.Is(err, ErrGone) || errors.Is(err, ErrNotFound) }

// perform does to the store what was decided.
func (c *commit[T]) perform(ctx context.Context) error {
	switch c.did {
	case leave:
		return nil
	case touch:
		c.touch(ctx)
		return nil
	case expire:
		return c.expire(ctx)
	}
	asked := now()
	rec, err := c.record(asked)
	if err != nil {
		return err
	}
	if rec.Expired(asked) {
		return ErrNotFound
	}
	c.attempts++
	if c.did != save {
		rec.Renewed = c.renewedAt(ctx, rec.Owner, asked)
	}
	kind, token := EventSaved, c.token
	switch c.did {
	case create:
		kind, token, err = EventCreated, c.next(rec), c.s.store.Save(ctx, rec)
	case renew:
		kind, token, err = EventRenewed, c.next(rec), c.renew(ctx, rec)
	default:
		err = c.s.store.Save(ctx, rec)
	}
	if err != nil {
		return err
	}
	e := Event{Kind: kind, ID: rec.ID, Owner: rec.Owner, Attempts: c.attempts}
	if c.s.policy.Observe != nil {
		e.Changes = c.s.plan.Changes(&c.base.Value, &rec.Value)
	}
	c.event(e)
	c.base, c.value, c.token, c.seen = rec, &rec.Value, token, asked
	if c.did != save {
		c.successor = renewed[T]{}
		c.enforceMax(ctx)
	}
	return nil
}

// next gives the record the ID of a new token and returns the token. All attempts
// of one renewal have the same.
func (c *commit[T]) next(rec *Record[T]) Token {
	next := &c.successor
	if next.token.IsZero() {
		next.token = NewToken()
	}
	rec.ID, rec.Revision = next.token.ID(), 0
	if next.rec != nil {
		rec.Revision = next.rec.Revision
	}
	return next.token
}

// renew stores the record under its new ID and then retires the old one. The new
// token counts only when both are done. If another request changes the old record
// in between, renew returns ErrConflict and is called again.
func (c *commit[T]) renew(ctx context.Context, rec *Record[T]) error {
	if err := c.s.store.Save(ctx, rec); err != nil {
		if errors.Is(err, ErrConflict) { // no other request knows this ID
			return ErrGone
		}
		return err
	}
	c.successor.rec = rec
	err := c.retire(ctx, rec.ID)
	if c.unknown && ctx.Err() != nil {
		short, cancel := withGrace(ctx)
		defer cancel()
		err = c.retire(short, rec.ID)
	}
	return err
}

// retire ends the old record in favour of the new one. It may be called again
// after a lost reply: the marker names the new record.
func (c *commit[T]) retire(ctx context.Context, successor ID) (err error) {
	for range 2 {
		err = StoreError(c.s.store.Retire(ctx, c.base.ID, c.base.Revision, successor, now().Add(retiredFor)))
		c.unknown = errors.Is(err, ErrUnavailable)
		if !c.unknown || ctx.Err() != nil {
			break
		}
	}
	return err
}

// deleteSuccessor deletes a record whose token will not be handed out. If it is
// unknown whether the old record was retired, it stays: the visitor keeps one of
// the two.
func (c *commit[T]) deleteSuccessor(ctx context.Context) {
	if c.successor.token.IsZero() || c.unknown {
		return
	}
	if ctx.Err() != nil {
		short, cancel := withGrace(ctx)
		defer cancel()
		ctx = short
	}
	c.s.store.Delete(ctx, c.successor.token.ID()) // if this fails, a session stays whose token is lost
	c.successor = renewed[T]{}
}

func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}

// touch moves the idle end of a session that was only read. A failure is
// reported and does not fail the request, which changed nothing.
func (c *commit[T]) touch(ctx context.Context) {
	at := now()
	expires := c.s.policy.expires(at, c.base.Deadline)
	if err := StoreError(c.s.store.Touch(ctx, c.base.ID, expires)); err != nil {
		if c.touchedAt = at; ended(err) {
			c.gone, err = true, ErrGone
		}
		c.event(Event{Kind: failureKind(err), ID: c.base.ID, Owner: c.base.Owner, Err: err})
		return
	}
	touched := *c.base
	touched.Expires = expires
	c.base, c.value, c.seen = &touched, &touched.Value, at
	c.event(Event{Kind: EventTouched, ID: c.base.ID, Owner: c.base.Owner})
}

// expire ends a session whose deadline was set to a time that has passed.
func (c *commit[T]) expire(ctx context.Context) error {
	if !c.isNew() {
		if err := c.s.delete(ctx, c.base.ID, c.seen); err != nil {
			return err
		}
		c.event(Event{Kind: EventDestroyed, ID: c.base.ID, Owner: c.base.Owner})
	}
	c.base, c.token = new(Record[T]), Token{}
	c.value = &c.base.Value
	return nil
}

// catchUp waits a little, loads the record that another request stored, and
// replays the edits on it.
func (c *commit[T]) catchUp(ctx context.Context, conflict error) error {
	if c.draft.outcomeUnknown {
		return fmt.Errorf("%w: an earlier attempt to save this change may have succeeded: %w", ErrUnavailable, conflict)
	}
	c.event(Event{Kind: EventConflict, ID: c.base.ID, Owner: c.base.Owner, Attempts: c.attempts, Err: conflict})
	if c.attempts >= maxAttempts {
		return fmt.Errorf("%w: gave up after %d attempts", ErrConflict, c.attempts)
	}
	timer := time.NewTimer(rand.N(min(minBackoff<<min(c.attempts, 10), maxBackoff)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrConflict, ctx.Err())
	}
	rec, err := load(ctx, c.s.store, c.base.ID)
	if err != nil {
		return err
	}
	return c.rebase(ctx, &rec, c.token)
}
