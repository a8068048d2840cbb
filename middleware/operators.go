package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed48429006/sessions/session"
)

// Record returns the session with this ID, of any owner, for operators. The error is
// [session.ErrNotFound] if there is none, and a [*session.DecodeError] if it cannot be
// read. The record's value is shared: it must not be changed.
func (m *Manager[T]) Record(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, err := m.store.Load(ctx, id)
	if err == nil && rec.IsNote() {
		rec, err = session.Record[T]{}, session.ErrNotFound
	}
	return rec, session.StoreError(err)
}

// Edit changes the session with this ID, of any owner, for operators. It has the
// promises of [session.Session.Update], and does not count as use of the session: see
// [session.Edit]. The edit may run more than once, and must not change the owner.
//
// The error is [session.ErrNotFound] if there is no such session, a
// [*session.DecodeError] if it cannot be read, [session.ErrUnsupported] if the edit
// changes the owner, or an error of [session.Session.Commit].
func (m *Manager[T]) Edit(ctx context.Context, id session.ID, edit func(v *T)) error {
	_, err := session.Edit(ctx, m.store, &m.policy, id, func(rec *session.Record[T]) bool { return !rec.IsNote() }, edit)
	return err
}

// EndAll ends all sessions of all owners, as after a leak, and returns how many it
// ended. The store must be a [session.Lister]. Sessions that begin after the call may
// live on: first keep log-ins out, if they must not.
//
// EndAll keeps no list of sessions, so it needs little memory for any number of them.
// It goes on after failures, and its error joins the first of them. After an error some
// sessions may live on, and it can be called again. It stops when ctx is done. The
// reason is as for [Manager.End].
func (m *Manager[T]) EndAll(ctx context.Context, why session.Reason) (int, error) {
	count := 0
	var failed failures
	for rec, err := range m.All(ctx) {
		id := rec.ID
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			id = unreadable.ID
		} else if err != nil {
			failed.add(err)
			continue
		}
		switch err := m.End(ctx, id, why); {
		case err == nil:
			count++
		case !errors.Is(err, session.ErrNotFound):
			failed.add(fmt.Errorf("sessions: session %v: %w", id, err))
		}
	}
	return count, failed.err()
}

// failures are errors. Only the first are kept.
type failures struct {
	kept  []error
	count int
}

const maxFailures = 20

func (f *failures) add(err error) {
	if f.count++; f.count <= maxFailures {
		f.kept = append(f.kept, err)
	}
}

func (f *failures) err() error {
	if more := f.count - maxFailures; more > 0 {
		return errors.Join(append(f.kept, fmt.Errorf("sessions: and %d more failures", more))...)
	}
	return errors.Join(f.kept...)
}

// End ends the session with this ID, of any owner, for operators. Pages on which
// visitors end their own sessions must call [Manager.Revoke]. The error is
// [session.ErrNotFound] if there is no such session. The reason is as for
// [Manager.Revoke]; an empty reason means [session.ReasonOperator].
func (m *Manager[T]) End(ctx context.Context, id session.ID, why session.Reason) error {
	why = cmp.Or(why, session.ReasonOperator)
	rec, err := session.EndIf(ctx, m.store, &m.policy, id, why, func(*session.Record[T]) bool { return true })
	if isUnreadable(err) {
		err = session.StoreError(m.store.Delete(ctx, id, 0))
	}
	_, err = m.revoked(ctx, rec.Owner, id, why, err)
	return err
}
