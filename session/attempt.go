package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// maxAttempts bounds how often one commit tries to write. Each time that it
	// fails another request succeeded, so that n requests at once need n tries
	// at most.
	maxAttempts = 100

	minBackoff, maxBackoff = time.Millisecond, 32 * time.Millisecond
)

// A commit is one attempt to bring a session's changes to the store.
type commit[T any] struct {
	s        *Session[T]
	pending  pending[T]
	epoch    int
	ends     int
	gone     bool
	late     bool
	unsure   bool
	base     *Record[T] // what the changes are made on; at the end, what is stored
	value    *T         // base.Value with the changes
	token    Token      // of base
	next     Token      // of the record that takes base's place, once renewal has begun
	nextRev  Revision
	start    time.Time
	attempts int
	seen     time.Time // when the store was last asked to write
}

func (s *Session[T]) snapshot() commit[T] {
	return commit[T]{s: s, pending: s.pending, epoch: s.epoch, ends: s.ends, gone: s.gone,
		late: s.late, unsure: s.unsure, base: s.base, value: s.value, token: s.token}
}

// run writes the changes, again on the newer value as long as another request
// was first.
func (c *commit[T]) run(ctx context.Context) error {
	c.start = c.s.policy.clock()
	defer func() { c.undo(ctx) }() // also if an edit panics when it is made again
	for {
		if !c.wanted() {
			c.touch(ctx)
			return nil
		}
		err := StoreError(c.write(ctx))
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if c.unsure {
			return fmt.Errorf("%w: an earlier try to save this change may have succeeded: %w", ErrUnavailable, err)
		}
		c.s.policy.observe(ctx, Event{Kind: EventConflict, ID: c.base.ID, Owner: c.base.Owner, Attempts: c.attempts, Err: err})
		if err := c.retry(ctx); err != nil {
			return err
		}
	}
}

// retry waits a little, then loads what the other request stored and makes the
// changes on it.
func (c *commit[T]) retry(ctx context.Context) error {
	if c.attempts >= maxAttempts {
		return fmt.Errorf("%w: gave up after %d attempts", ErrConflict, c.attempts)
	}
	timer := time.NewTimer(backoff(c.attempts))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrConflict, ctx.Err())
	}
	rec, err := c.s.store.Load(ctx, c.base.ID)
	if err != nil {
		return StoreError(err)
	}
	c.base = &rec
	c.s.editing.Lock()
	defer c.s.editing.Unlock()
	c.value, err = c.replay(c.pending.edits)
	return err
}

func backoff(attempts int) time.Duration {
	return rand.N(min(minBackoff<<min(attempts, 10), maxBackoff))
}

// replay returns the base's value with the edits made on it, each on a copy of
// its own, since the one before may have put something of its caller's there.
// The caller holds the session's editing lock.
func (c *commit[T]) replay(edits []func(*T)) (*T, error) {
	v := &c.base.Value
	for _, edit := range edits {
		v = c.s.plan.Copy(v)
		edit(v)
		if err := c.s.plan.Verify(v); err != nil {
			return nil, &EncodeError{c.base.ID, err}
		}
	}
	return v, nil
}

// replaySafely is replay for edits that are not this commit's: if one panics,
// it is the next commit that fails.
func (c *commit[T]) replaySafely(edits []func(*T)) (v *T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("an edit panicked when it was made again: %v", p)
		}
	}()
	return c.replay(edits)
}

// wanted reports whether there is something to write: also what is as before, if it
// is not known what the last try left.
func (c *commit[T]) wanted() bool {
	if !c.s.plan.Equal(&c.base.Value, c.value) {
		return true
	}
	if c.isNew() { // a session that holds nothing is not worth keeping
		return false
	}
	return c.unsure || c.pending.renew || c.persistChanges() ||
		c.pending.deadline != nil && !c.pending.deadline.Equal(c.base.Deadline)
}

func (c *commit[T]) isNew() bool { return c.base.Revision == 0 }

func (c *commit[T]) persistChanges() bool {
	return c.pending.persist != nil && *c.pending.persist != c.base.Persist
}

// asked reports whether the session was asked for anything but a change of value.
func (c *commit[T]) asked() bool {
	p := &c.pending
	return p.destroy || p.renew || p.persist != nil || p.deadline != nil
}

// extends reports whether the client's cookie would end before the session.
func (c *commit[T]) extends() bool {
	return c.pending.deadline != nil && c.pending.deadline.After(c.base.Deadline)
}

// renews reports whether the record is to be replaced by one with a new token.
func (c *commit[T]) renews() bool {
	return !c.isNew() && (c.pending.renew || ownerOf(c.value) != c.base.Owner)
}

// touch moves the idle end of a session that was only read, if it is worth a
// command. That it fails is reported, and no failure of the request: it changed
// nothing that could be lost.
func (c *commit[T]) touch(ctx context.Context) {
	if c.s.policy.fresh(c.base.Revision, c.base.Expires, c.base.Deadline) {
		return
	}
	expires := c.s.policy.expires(now(), c.base.Deadline)
	if err := c.s.store.Touch(ctx, c.base.ID, expires); err != nil {
		c.s.fail(ctx, c, StoreError(err))
		return
	}
	touched := *c.base
	touched.Expires = expires
	c.rebase(&touched)
	c.s.policy.observe(ctx, Event{Kind: EventTouched, ID: c.base.ID, Owner: c.base.Owner, Duration: c.s.policy.since(c.start)})
}

func (c *commit[T]) rebase(rec *Record[T]) { c.base, c.value = rec, &rec.Value }
