package session

import (
	"context"
	"errors"
	"time"
)

// retiredFor is how long the marker of a renewed session stays: as long as a
// browser's parallel requests may be late.
const retiredFor = 10 * time.Second

// An ending is a destroyed session whose record is still to be deleted.
type ending[T any] struct {
	rec         *Record[T]
	predecessor ID // of a renewal whose outcome is unknown: may be retired in favour of rec
}

// deleteDestroyed deletes the records of sessions that were destroyed. If it
// fails, the next commit tries again.
func (s *Session[T]) deleteDestroyed(ctx context.Context) error {
	for {
		s.mu.Lock()
		if len(s.ending) == 0 {
			s.ending = nil
			s.mu.Unlock()
			return nil
		}
		rec, seen, own := s.ending[0].rec, s.seen, s.ownSuccessor(s.ending[0].rec.ID)
		s.mu.Unlock()

		start := s.policy.clock()
		err := s.delete(ctx, rec.ID, seen)
		if own && errors.Is(err, ErrGone) {
			err = nil
		}
		e := Event{Kind: EventDestroyed, ID: rec.ID, Owner: rec.Owner, Duration: s.policy.since(start), Err: err}
		if err != nil {
			e.Kind = failureKind(err)
		} else {
			s.mu.Lock()
			s.ending = s.ending[1:]
			s.mu.Unlock()
		}
		s.policy.observe(ctx, e)
		if err != nil {
			return err
		}
	}
}

// ownSuccessor reports whether the session may have been retired by this
// session's own renewal, whose record is deleted too. The caller holds mu.
func (s *Session[T]) ownSuccessor(id ID) bool {
	for _, e := range s.ending {
		if e.predecessor == id {
			return true
		}
	}
	return false
}

// endInstead makes rec, which a commit stored while the session was destroyed,
// the record to delete in place of the one that the commit began with. The
// caller holds mu.
func (s *Session[T]) endInstead(began ID, rec *Record[T]) {
	if rec.Revision == 0 {
		return
	}
	for i := range s.ending {
		if s.ending[i].rec.ID == began {
			s.ending[i].rec = rec
			return
		}
	}
	s.ending = append(s.ending, ending[T]{rec: rec})
}

// delete deletes a record that was last known to be stored at seen.
//
// An absent session was deleted or has expired: as asked. But if it is long since
// it was seen, it may have been renewed, and the marker have come and gone: then
// it goes on elsewhere.
func (s *Session[T]) delete(ctx context.Context, id ID, seen time.Time) error {
	err := StoreError(s.store.Delete(ctx, id))
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if now().Sub(seen) > retiredFor/2 {
		return ErrGone
	}
	return nil
}
