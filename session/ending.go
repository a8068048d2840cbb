package session

import (
	"context"
	"errors"
	"time"
)

// sureFor is how long after a session was last seen its absence means that it has
// ended. Later it may have been renewed, and the marker have come and gone. The
// difference to retiredFor is for clocks that differ.
const sureFor = retiredFor - 5*time.Second

// An ending is a destroyed session, which is still to be deleted.
type ending[T any] struct {
	rec       *Record[T]
	successor *Record[T] // of a renewal by this session that may be complete; may be nil
	storedAt  time.Time  // when rec was last known to be stored
}

// endBase makes the session a new one, and its record one that is to be deleted.
func (s *state[T]) endBase() {
	if !s.base.ID.IsZero() {
		e := ending[T]{rec: s.base, storedAt: s.storedAt}
		if s.renewal != nil {
			e.successor = s.renewal.rec
		}
		s.ending = append(s.ending, e)
	}
	s.base, s.token, s.renewal, s.gone = new(Record[T]), Token{}, nil, false
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
		e, loggingIn := s.ending[0], s.draft != nil && s.draft.logIn
		s.mu.Unlock()

		start := s.policy.clock()
		err := s.end(ctx, e)
		event := Event{Kind: EventDestroyed, ID: e.rec.ID, Owner: e.rec.Owner, Err: err}.since(start)
		if err != nil {
			event.Kind = failureKind(err)
		}
		if errors.Is(err, ErrGone) && loggingIn {
			err = nil // a log-in needs no session to begin with
		}
		if err == nil {
			s.mu.Lock()
			s.ending = s.ending[1:]
			s.mu.Unlock()
		}
		s.report(ctx, event)
		if err != nil {
			return err
		}
	}
}

// end deletes a session's record and the one that this session may have renewed
// it to. It returns [ErrGone] if another request has renewed it: the session goes
// on.
func (s *Session[T]) end(ctx context.Context, e ending[T]) error {
	if e.successor != nil {
		if err := StoreError(s.store.Delete(ctx, e.successor.ID)); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	err := StoreError(s.store.Delete(ctx, e.rec.ID))
	switch {
	case errors.Is(err, ErrNotFound) && now().Sub(e.storedAt) <= sureFor:
		return nil
	case errors.Is(err, ErrNotFound):
		return ErrGone
	case errors.Is(err, ErrGone) && e.successor != nil:
		_, found := load(ctx, s.store, e.rec.ID)
		if marker, ok := errors.AsType[*RetiredError](found); ok && marker.Successor == e.successor.ID {
			return nil
		}
		if errors.Is(found, ErrUnavailable) {
			return found
		}
	}
	return err
}

// endRenewed makes Destroy, which was called during a commit, end the record that
// the commit stored too. The caller holds mu.
func (s *Session[T]) endRenewed(began ID, rec *Record[T], storedAt time.Time) {
	if rec == nil || rec.Revision == 0 || rec.ID == began {
		return
	}
	for i := range s.ending {
		if s.ending[i].rec.ID == began {
			s.ending[i].successor = rec
			return
		}
	}
	s.ending = append(s.ending, ending[T]{rec: rec, storedAt: storedAt})
}
