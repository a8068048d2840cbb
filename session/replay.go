package session

import (
	"context"
	"errors"
	"fmt"
)

// maxHops bounds how many renewals a log-in follows.
const maxHops = 16

// rebase makes rec the record that the draft changes.
func (c *commit[T]) rebase(ctx context.Context, rec *Record[T], token Token) error {
	if err := c.s.editing.enter(ctx); err != nil {
		return err
	}
	defer c.s.editing.leave()
	value, err := c.s.replay(rec, c.draft.edits)
	if err != nil {
		return err
	}
	c.base, c.value, c.token, c.moved, c.cached = rec, value, token, true, false
	return nil
}

// startOver lets a log-in go on when another request has ended the session. It
// begins a new session: with a copy of the value of the session's successor if
// that belongs to the owner who is logging in, else with a zero value.
//
// The successor stays. The browser may take either request's cookie.
func (c *commit[T]) startOver(ctx context.Context) error {
	owner := ownerOf(c.value)
	c.deleteNext(ctx)
	rec, err := c.follow(ctx)
	_, unreadable := errors.AsType[*DecodeError](err)
	base, token := new(Record[T]), Token{}
	switch {
	case err == nil && rec.ID == c.base.ID: // not ended after all: renewed again
		if c.attempts++; c.attempts >= maxAttempts {
			return fmt.Errorf("%w: gave up after %d attempts", ErrConflict, c.attempts)
		}
		base, token = &rec, c.token
	case err == nil && owner != "" && rec.Owner == owner:
		base.Value = rec.Value
	case err != nil && !ended(err) && !unreadable:
		return err
	}
	c.gone = false
	return c.rebase(ctx, base, token)
}

// follow returns the record of the session, or of the one that it was renewed to.
func (c *commit[T]) follow(ctx context.Context) (rec Record[T], err error) {
	id := c.base.ID
	for range maxHops {
		rec, err = load(ctx, c.s.store, id)
		retired, ok := errors.AsType[*RetiredError](err)
		if !ok {
			break
		}
		id = retired.Successor
	}
	return rec, err
}

// replay returns the record's value with the edits made on it. Each edit gets a
// copy of its own, since the one before may have put something of its caller's
// there. The caller holds the editing gate.
func (s *Session[T]) replay(rec *Record[T], edits []func(*T)) (*T, error) {
	v := &rec.Value
	for _, edit := range edits {
		v = s.plan.Copy(v)
		edit(v)
		if err := s.plan.Verify(v); err != nil {
			return nil, &EncodeError{rec.ID, err}
		}
	}
	return v, nil
}

// tryReplay is replay with an error for a panic.
func (s *Session[T]) tryReplay(rec *Record[T], edits []func(*T)) (v *T, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("an edit panicked in a replay: %v", p)
		}
	}()
	return s.replay(rec, edits)
}
