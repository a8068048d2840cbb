package middleware

import (
	"context"
	"errors"

	"github.com/seed48429006/sessions/session"
)

// Record returns the session with this ID, whoever owns it, for operators. The
// error is [session.ErrNotFound] if there is none, [session.ErrGone] if it was
// renewed, and a [*session.DecodeError] if it cannot be read. The record's value is
// shared: it must not be changed.
func (m *Manager[T]) Record(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, err := m.store.Load(ctx, id)
	return rec, session.StoreError(err)
}

// End ends the session with this ID, whoever owns it, for operators. Pages on which
// visitors end their own sessions must call [Manager.Revoke]. The errors are
// [session.ErrNotFound], and [session.ErrGone] if the session was renewed and goes on
// under another ID.
func (m *Manager[T]) End(ctx context.Context, id session.ID) error {
	rec, err := m.Record(ctx, id)
	if _, unreadable := errors.AsType[*session.DecodeError](err); err != nil && !unreadable {
		return err
	}
	return m.revoke(ctx, rec.Owner, id)
}
