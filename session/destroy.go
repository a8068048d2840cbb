package session

import (
	"context"
	"errors"

	"github.com/seed48429006/sessions/internal/hooks"
)

// A destroyed is a session that was destroyed and is still to be deleted.
type destroyed[T any] struct {
	rec    Record[T] // without its value
	tokens [2]Token  // the session's, and the token of a write without a reply
	why    Reason
	unread bool // its value could not be read, so that the token may be worth nothing
}

// destroy is [Session.Destroy] for a caller who holds mu. A record that this server cannot
// read may be one that others can.
func (s *Session[T]) destroy() {
	s.end(ReasonLoggedOut)
	if s.unread && s.destroyed == nil {
		s.destroyed = &destroyed[T]{rec: Record[T]{ID: s.came.ID()}, tokens: [2]Token{s.came}, why: ReasonLoggedOut, unread: true}
	}
}

// end makes the session a new one, and its record one that is to be deleted.
func (s *state[T]) end(why Reason) {
	e := &destroyed[T]{rec: *s.base, tokens: [2]Token{s.token}, why: why}
	if s.draft != nil && s.draft.lost != nil {
		e.rec.ID, e.tokens[1] = s.draft.lost.id, s.draft.lost.token
	}
	if s.gone {
		e.rec.Revision = 0 // the base may be the record that a log-in was to join
	}
	var zero T
	if e.rec.Value = zero; !e.rec.ID.IsZero() && s.destroyed == nil {
		s.destroyed = e
	}
	s.base, s.token, s.kind, s.draft = new(Record[T]), Token{}, 0, nil
	s.gone, s.copied, s.news, s.offer = false, false, hooks.NoNews, ""
}

// deleteDestroyed deletes the record of a session that was destroyed, as long as it
// accepts the token. If it fails, the next commit tries again.
func (c *commit[T]) deleteDestroyed(ctx context.Context) error {
	e := c.destroyed
	if e == nil {
		return nil
	}
	err := c.deleteAccepting(ctx, e)
	event := Event{Kind: EventDestroyed, Operation: OperationCommit, ID: e.rec.ID, Owner: e.rec.Owner, Reason: e.why}
	if err == nil || errors.Is(err, ErrNotFound) { // an earlier attempt may have succeeded
		noteEnd(ctx, c.s.store, c.s.policy, &e.rec, e.why)
	}
	switch {
	case err == nil:
		if c.news = hooks.NoNews; c.s.presented || e.unread {
			c.news = hooks.NoToken
		}
		c.step(event.since(c.start))
	case errors.Is(err, ErrNotFound): // another request was first
	case e.unread && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrConflict): // as far as can be read, the token gave no access
	case errors.Is(err, ErrGone) && c.draft.logIn: // which needs no session to begin with
	default:
		return err
	}
	c.destroyed = nil
	return nil
}

// deleteAccepting deletes the record if it accepts any of the tokens. Else it returns
// [ErrGone].
func (c *commit[T]) deleteAccepting(ctx context.Context, e *destroyed[T]) error {
	for {
		if e.rec.Revision != 0 { // else the session was gone, or its creation may be lost
			c.attempts++
			err := StoreError(c.s.store.Delete(ctx, e.rec.ID, e.rec.Revision))
			if !errors.Is(err, ErrConflict) {
				return err
			}
			if err := c.wait(ctx, e.rec.ID, err); err != nil {
				return err
			}
		}
		rec, err := look(ctx, c.s.store, e.rec.ID)
		if err != nil {
			return err
		}
		if !c.accepts(&rec, e) {
			return ErrGone
		}
		e.rec = rec
	}
}

func (c *commit[T]) accepts(rec *Record[T], e *destroyed[T]) bool {
	dropped := e.rec.Revision != 0 && rec.Secrets.Renewals() == e.rec.Secrets.Renewals() // by rotations since
	for _, token := range e.tokens {
		how, k := rec.Secrets.classify(token.hash(), c.s.arrived)
		if (how == accepted || k == 0 && dropped) && !token.IsZero() {
			return true
		}
	}
	return false
}

// EndIf ends the session with this ID if condition returns true for its record, which
// may come without its value. It returns the record, and [ErrNotFound] if there is none
// or the condition does not hold. It is for code that ends other visitors' sessions.
//
// It notes the reason for as long as the policy says: see [Session.Ended].
func EndIf[T any](ctx context.Context, store Store[T], p *Policy, id ID, why Reason, condition func(*Record[T]) bool) (Record[T], error) {
	for attempts := 1; ; attempts++ {
		rec, err := look(ctx, store, id)
		if err != nil {
			return rec, err
		}
		if rec.IsNote() || !condition(&rec) {
			return rec, ErrNotFound
		}
		if err = StoreError(store.Delete(ctx, id, rec.Revision)); err == nil {
			noteEnd(ctx, store, p, &rec, why)
		}
		if !errors.Is(err, ErrConflict) || attempts >= maxAttempts {
			return rec, err
		}
		if err := backOff(ctx, attempts); err != nil {
			return rec, StoreError(err)
		}
	}
}

// endReused ends a session after a former secret was used too late. Secrets that a
// log-in ended do not count: an attacker who planted a secret could log the visitor
// out. Nor does the newest secret of a bound session, which the device may still renew.
func (s *Session[T]) endReused(ctx context.Context, id ID, h hash) {
	rec, err := EndIf(ctx, s.store, s.policy, id, ReasonReused, func(rec *Record[T]) bool {
		how, k := rec.Secrets.classify(h, s.arrived)
		return how == unknown && (k == ending || k == open)
	})
	switch {
	case err == nil:
		s.policy.observe(ctx, Event{Kind: EventRevoked, ID: id, Owner: rec.Owner, Reason: ReasonReused})
	case !errors.Is(err, ErrNotFound):
		s.policy.observe(ctx, Event{Kind: EventFailed, ID: id, Owner: rec.Owner, Err: err})
	}
}
