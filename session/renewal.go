package session

import (
	"context"
	"errors"
	"time"
)

// retiredFor is how long the marker of a renewed session stays: as long as a
// browser's parallel requests may be late.
const retiredFor = 30 * time.Second

// A renewal puts a record under a new token in another's place. It is complete
// when the old record is retired in favour of the new one.
type renewal[T any] struct {
	token    Token
	rec      *Record[T] // as stored; nil while it is not
	revision Revision   // of the old record, for Retire
	draft    *draft[T]  // the changes that rec holds, if it is unknown whether the renewal is complete
}

// nextToken gives the record the ID of a new token and returns the token. All
// attempts of one commit have the same.
func (c *commit[T]) nextToken(rec *Record[T]) Token {
	if c.next.token.IsZero() {
		c.next.token = NewToken()
	}
	rec.ID, rec.Revision = c.next.token.ID(), 0
	if c.next.rec != nil {
		rec.Revision = c.next.rec.Revision
	}
	return c.next.token
}

// renew stores the record under its new ID and then retires the old one. The new
// token counts only when both are done. If another request changes the old record
// in between, renew returns ErrConflict and is called again.
func (c *commit[T]) renew(ctx context.Context, rec *Record[T]) error {
	if err := c.s.store.Save(ctx, rec); err != nil {
		return err
	}
	c.next.rec, c.next.revision = rec, c.base.Revision
	err := c.s.retire(ctx, c.base.ID, &c.next)
	if errors.Is(err, ErrUnavailable) && ctx.Err() != nil {
		short, cancel := withGrace(ctx)
		defer cancel()
		err = c.s.retire(short, c.base.ID, &c.next)
	}
	c.unknown = errors.Is(err, ErrUnavailable)
	return err
}

// retire ends the old record in favour of the new one. It may be called again
// after a lost reply: the marker names the new record.
func (s *Session[T]) retire(ctx context.Context, old ID, next *renewal[T]) (err error) {
	for range 2 {
		err = StoreError(s.store.Retire(ctx, old, next.revision, next.rec.ID, now().Add(retiredFor)))
		if !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// deleteNext deletes a record whose token will not be handed out. If it is
// unknown whether the old record was retired, it stays: the visitor keeps one of
// the two.
func (c *commit[T]) deleteNext(ctx context.Context) {
	if c.next.token.IsZero() || c.unknown {
		return
	}
	if ctx.Err() != nil {
		short, cancel := withGrace(ctx)
		defer cancel()
		ctx = short
	}
	c.s.store.Delete(ctx, c.next.token.ID()) // if this fails, a session stays whose token is lost
	c.next = renewal[T]{}
}

// completeRenewal finds out whether the renewal of an earlier commit is complete,
// and completes it if it still can. The session goes on as the new record then,
// which holds the changes of that commit. Otherwise these are pending again.
func (s *Session[T]) completeRenewal(ctx context.Context) error {
	s.mu.Lock()
	next, old, late := s.renewal, s.base, s.late
	s.mu.Unlock()
	switch {
	case next == nil:
		return nil
	case late: // the client would not learn the new token
		return ErrLate
	}
	live, err := s.store.Exists(ctx, next.rec.ID)
	if err == nil && live {
		err = s.retire(ctx, old.ID, next)
	}
	if err = StoreError(err); errors.Is(err, ErrUnavailable) {
		return err
	}
	if live && err != nil { // it is not, and cannot be any more
		s.store.Delete(ctx, next.rec.ID)
	}
	complete := live && err == nil
	s.mu.Lock()
	if s.renewal == next { // else Destroy was called, which ends both
		s.renewal = nil
		if complete {
			s.base, s.token, s.storedAt = next.rec, next.token, now()
			s.rebaseDraft()
		} else if next.draft != nil {
			s.restore(next.draft)
		}
	}
	s.mu.Unlock()
	if complete {
		s.report(ctx, Event{Kind: EventRenewed, ID: next.rec.ID, Owner: next.rec.Owner})
	}
	return nil
}
