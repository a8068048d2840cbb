package session

import (
	"context"
	"errors"
)

// Reload gives the session the value that the store has now, for code that lives longer
// than a request: a WebSocket, a job. Changes that are not saved yet are made again on
// it. A session that is not stored yet stays as it is.
//
// Reload writes nothing, and is no use of the session. It ends after
// [Policy.SaveTimeout] at the latest. After another error than
// [ErrGone] the session is as before. The error
// is [ErrGone] if another request has ended the session, or its token by a log-in; a
// [*DecodeError] if the record cannot be read; [*EncodeError] if the changes cannot be
// made on it; or [ErrUnavailable].
func (s *Session[T]) Reload(ctx context.Context) (err error) {
	ctx, stop := s.policy.bound(ctx)
	defer stop()
	var events []Event
	defer func() { // the gate is free
		for _, e := range events {
			s.policy.observe(ctx, e)
		}
	}()
	entered := s.within(ctx, func() {
		c := s.begin()
		if err = s.onlyWithin(TransactionOf(ctx)); err == nil {
			err = c.refresh(ctx)
		}
		if err != nil && !errors.Is(err, ErrGone) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.draft.empty() {
			c.draft = nil
		}
		s.state, events = c.state, c.events
	})
	if entered != nil {
		return StoreError(entered)
	}
	return err
}

// refresh makes the stored record the base of the draft.
func (c *commit[T]) refresh(ctx context.Context) error {
	if c.draft.lost != nil {
		if err := c.findLost(ctx); err != nil {
			return err
		}
	}
	if c.isNew() && !c.gone {
		return nil
	}
	if !c.gone {
		if err := c.reload(ctx); err != nil {
			return err
		}
	}
	if c.gone && !c.joins {
		return ErrGone
	}
	return nil
}
