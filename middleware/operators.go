package middleware

import (
	"cmp"
	"context"

	"github.com/seed48429006/sessions/session"
)

// Record returns the session with this ID, whoever owns it, for operators. The
// error is [session.ErrNotFound] if there is none, and a [*session.DecodeError] if it
// cannot be read. The record's value is shared: it must not be changed.
func (m *Manager[T]) Record(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, err := m.store.Load(ctx, id)
	if err == nil && rec.IsNote() {
		rec, err = session.Record[T]{}, session.ErrNotFound
	}
	return rec, session.StoreError(err)
}

// Edit changes the session with this ID, whoever owns it, for operators. It has the
// promises of [session.Session.Update], and is no use of the session: see [session.Edit].
// The edit may run more than once, and must not change the owner.
//
// The error is [session.ErrNotFound] if there is no such session, a
// [*session.DecodeError] if it cannot be read, [session.ErrUnsupported] if the edit
// changes the owner, or that of [session.Session.Commit].
func (m *Manager[T]) Edit(ctx context.Context, id session.ID, edit func(v *T)) error {
	_, err := session.Edit(ctx, m.store, &m.policy, id, func(*session.Record[T]) bool { return true }, edit)
	return err
}

// End ends the session with this ID, whoever owns it, for operators. Pages on which
// visitors end their own sessions must call [Manager.Revoke]. The error is
// [session.ErrNotFound] if there is no such session. The reason is as for
// [Manager.Revoke]; an empty one means [session.ReasonOperator].
func (m *Manager[T]) End(ctx context.Context, id session.ID, why session.Reason) error {
	why = cmp.Or(why, session.ReasonOperator)
	rec, err := session.EndIf(ctx, m.store, &m.policy, id, why, func(*session.Record[T]) bool { return true })
	if isUnreadable(err) {
		err = session.StoreError(m.store.Delete(ctx, id, 0))
	}
	_, err = m.revoked(ctx, rec.Owner, id, why, err)
	return err
}
