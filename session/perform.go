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
	defer c.deleteNext(ctx)
	for {
		var err error
		if c.did, err = c.decide(now()); err == nil {
			err = StoreError(c.perform(ctx))
		}
		if err == nil && c.did == verify {
			continue
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

// perform carries out the decision.
func (c *commit[T]) perform(ctx context.Context) error {
	switch c.did {
	case leave:
		return nil
	case verify:
		return c.verify(ctx)
	case touch:
		c.touch(ctx)
		return nil
	case expire:
		return c.expire(ctx)
	}
	at := now()
	rec, err := c.record(at)
	if err != nil {
		return err
	}
	if rec.Expired(at) {
		return ErrNotFound
	}
	c.attempts++
	if c.did != save {
		rec.Renewed = c.renewedAt(ctx, rec.Owner, at)
	}
	kind, token := EventSaved, c.token
	switch c.did {
	case create:
		kind, token, err = EventCreated, c.nextToken(rec), c.s.store.Save(ctx, rec)
	case renew:
		kind, token, err = EventRenewed, c.nextToken(rec), c.renew(ctx, rec)
	default:
		err = StoreError(c.s.store.Save(ctx, rec))
		c.draft.outcomeUnknown = c.draft.outcomeUnknown || errors.Is(err, ErrUnavailable)
	}
	if err != nil {
		return err
	}
	e := Event{Kind: kind, ID: rec.ID, Owner: rec.Owner, Attempts: c.attempts}
	if c.s.policy.Observe != nil {
		e.Changes = c.s.plan.Changes(&c.base.Value, &rec.Value)
	}
	c.event(e)
	c.base, c.value, c.token, c.storedAt, c.cached = rec, &rec.Value, token, at, false
	if c.did != save {
		c.next = renewal[T]{}
	}
	return nil
}

// verify loads the record if the one at hand may be out of date. The edits change
// nothing of that one, but may change the present one.
func (c *commit[T]) verify(ctx context.Context) error {
	at := now()
	rec, err := load(ctx, c.s.store, c.base.ID)
	if err != nil {
		return err
	}
	c.storedAt, c.cached = at, false
	if rec.Revision == c.base.Revision {
		return nil
	}
	return c.rebase(ctx, &rec, c.token)
}

func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}

// touch moves the idle end of a session that was only read. A failure is
// reported and does not fail the request, which changed nothing.
func (c *commit[T]) touch(ctx context.Context) {
	at := now()
	expires := c.s.policy.expires(at, c.base.Deadline, c.base.Persist)
	if err := StoreError(c.s.store.Touch(ctx, c.base.ID, expires)); err != nil {
		if c.touchedAt = at; ended(err) {
			c.gone, err = true, ErrGone
		}
		c.event(Event{Kind: failureKind(err), ID: c.base.ID, Owner: c.base.Owner, Err: err})
		return
	}
	touched := *c.base
	touched.Expires = expires
	c.base, c.value, c.storedAt = &touched, &touched.Value, at
	c.event(Event{Kind: EventTouched, ID: c.base.ID, Owner: c.base.Owner})
}

// expire ends a session whose deadline was set to a time that has passed.
func (c *commit[T]) expire(ctx context.Context) error {
	if !c.isNew() {
		if err := c.s.end(ctx, ending[T]{rec: c.base, storedAt: c.storedAt}); err != nil {
			return err
		}
		c.event(Event{Kind: EventDestroyed, ID: c.base.ID, Owner: c.base.Owner})
	}
	c.base, c.token, c.moved = new(Record[T]), Token{}, true
	c.value = &c.base.Value
	return nil
}

// catchUp waits a little, loads the record that another request stored, and
// replays the edits on it.
func (c *commit[T]) catchUp(ctx context.Context, conflict error) error {
	if c.draft.outcomeUnknown {
		return fmt.Errorf("%w: an earlier attempt to save this change may have succeeded: %w", ErrUnavailable, conflict)
	}
	c.step(Event{Kind: EventConflict, ID: c.base.ID, Owner: c.base.Owner, Attempts: c.attempts, Err: conflict})
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
