package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/seed48429006/sessions/internal/rules"
	"github.com/seed48429006/sessions/session"
)

// ByOwner yields the sessions of an owner, for a page "your active sessions". It yields
// a [*session.DecodeError], which has the ID, for a session that cannot be read. Any
// other error ends the iteration. [session.ErrUnsupported] means that T has no method
// SessionOwner, or that the store is not a [session.Indexer].
//
// The records' values are shared: they must not be changed.
func (m *Manager[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	index, err := m.index()
	if err != nil {
		return onlyError[T](err)
	}
	return wrapErrors(index.ByOwner(ctx, owner))
}

// index returns the store as one that finds sessions by owner.
func (m *Manager[T]) index() (session.Indexer[T], error) {
	index, ok := m.store.(session.Indexer[T])
	switch {
	case !rules.HasOwner[T]():
		return nil, errNoOwner[T]()
	case !ok:
		return nil, fmt.Errorf("%w: %T does not find sessions by owner", session.ErrUnsupported, m.store)
	}
	return index, nil
}

// All yields every session, each at least once, with the errors of [Manager.ByOwner].
// It needs a store that is a [session.Lister]. It reads everything: it is for
// reports and migrations, not for requests.
func (m *Manager[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	lister, ok := m.store.(session.Lister[T])
	if !ok {
		return onlyError[T](fmt.Errorf("%w: %T does not list sessions", session.ErrUnsupported, m.store))
	}
	return withoutNotes(wrapErrors(lister.All(ctx)))
}

// withoutNotes leaves out records that are not sessions.
func withoutNotes[T any](records iter.Seq2[session.Record[T], error]) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		for rec, err := range records {
			if (err != nil || !rec.IsNote()) && !yield(rec, err) {
				return
			}
		}
	}
}

// wrapErrors gives a store's own errors their meaning, and ends the iteration at every
// error but the errors of single records.
func wrapErrors[T any](records iter.Seq2[session.Record[T], error]) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		for rec, err := range records {
			err = session.StoreError(err)
			if !yield(rec, err) || err != nil && !isUnreadable(err) {
				return
			}
		}
	}
}

// onlyError returns an iteration that yields nothing but the error.
func onlyError[T any](err error) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) { yield(session.Record[T]{}, err) }
}

func errNoOwner[T any]() error {
	return fmt.Errorf("%w: %v has no method SessionOwner() string%s", session.ErrUnsupported, reflect.TypeFor[T](), rules.OwnerHint[T]())
}

// LastUsed returns when the session of a record, as [Manager.ByOwner] yields it, was last
// used, for a list of devices. It was used then, and perhaps up to a sixteenth of the idle
// timeout later. Passive requests and edits from outside are no uses. Less is known in the
// last idle timeout before the deadline, and without an idle timeout: see
// [session.LastUsed].
func (m *Manager[T]) LastUsed(rec session.Record[T]) time.Time {
	return session.LastUsed(&m.policy, &rec)
}

// Revoke ends the session with this ID if it is the owner's, as a page "end this
// session" asks. It returns [session.ErrNotFound] if the owner has no such session.
// A session keeps its ID for life, so Revoke finds it however often it was renewed
// since the page was shown.
//
// The reason is for events and for [session.Session.Ended]: a constant or a short
// reason of your own. 64 bytes of it are kept. An empty reason means
// [session.ReasonRevoked].
func (m *Manager[T]) Revoke(ctx context.Context, owner string, id session.ID, why session.Reason) error {
	why = cmp.Or(why, session.ReasonRevoked)
	if !rules.HasOwner[T]() {
		return errNoOwner[T]()
	}
	_, err := m.revoke(ctx, owner, id, why)
	if !isUnreadable(err) {
		return err
	}
	ids, err := m.listed(ctx, owner, nil) // the owner's index also has records that cannot be read
	switch {
	case err != nil:
		return err
	case !slices.Contains(ids, id):
		return session.ErrNotFound
	}
	_, err = m.endUnreadable(ctx, owner, id, why)
	return err
}

// RevokeAll ends all sessions of the owner but those to keep ("log out everywhere
// else"), and returns how many it ended. When it returns nil, all others that the owner
// had at the time of the call have ended, also those that cannot be read.
//
// The reason is as for [Manager.Revoke]. After an error, such as a done context, some
// sessions may have ended and others not.
func (m *Manager[T]) RevokeAll(ctx context.Context, owner string, why session.Reason, keep ...session.ID) (int, error) {
	why = cmp.Or(why, session.ReasonRevoked)
	ids, err := m.listed(ctx, owner, keep)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return count, session.StoreError(err)
		}
		ended, err := m.revoke(ctx, owner, id, why)
		if isUnreadable(err) {
			ended, err = m.endUnreadable(ctx, owner, id, why)
		}
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return count, err
		}
		if ended {
			count++
		}
	}
	return count, nil
}

// UpdateOwner changes all sessions of the owner, and returns how many it changed: when a
// role was taken away, or a name has changed. It has the promises of
// [session.Session.Update]: the requests that are under way lose none of their changes,
// and none of them sees half of the edit. The edit runs for each session, at least once,
// and must not change the owner. It is no use of the sessions, and their tokens stay.
//
// A session that ends during the call is skipped. Sessions that cannot be read or saved
// are reported by the error, a [*session.DecodeError] or another error for each, and
// all others are edited. Sessions that the owner begins after the call are not: first
// change the place from which log-ins take the role.
func (m *Manager[T]) UpdateOwner(ctx context.Context, owner string, edit func(v *T)) (int, error) {
	ids, err := m.listed(ctx, owner, nil)
	if err != nil {
		return 0, err
	}
	count := 0
	var errs []error
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return count, errors.Join(append(errs, session.StoreError(err))...)
		}
		changed, err := session.Edit(ctx, m.store, &m.policy, id, func(rec *session.Record[T]) bool { return rec.Owner == owner }, edit)
		if changed {
			count++
		}
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			errs = append(errs, fmt.Errorf("sessions: session %v: %w", id, err))
		}
	}
	return count, errors.Join(errs...)
}

// listed returns the IDs of the owner's sessions except those to keep, the unreadable
// sessions included.
func (m *Manager[T]) listed(ctx context.Context, owner string, keep []session.ID) ([]session.ID, error) {
	index, err := m.index()
	if err != nil {
		return nil, err
	}
	var found []session.ID
	for rec, err := range session.OutlinesByOwner(ctx, index, owner) {
		id := rec.ID
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			id = unreadable.ID
		} else if err != nil {
			return nil, session.StoreError(err)
		}
		if !slices.Contains(keep, id) {
			found = append(found, id)
		}
	}
	return found, nil
}

// revoke ends the session if it is the owner's, and reports whether it did: another
// request may have ended it a moment before. If it is not the owner's, the error is
// ErrNotFound.
func (m *Manager[T]) revoke(ctx context.Context, owner string, id session.ID, why session.Reason) (ended bool, err error) {
	owns := false
	_, err = session.EndIf(ctx, m.store, &m.policy, id, why, func(rec *session.Record[T]) bool {
		owns = owner != "" && rec.Owner == owner
		return owns
	})
	if owns && errors.Is(err, session.ErrNotFound) {
		return false, nil
	}
	return m.revoked(ctx, owner, id, why, err)
}

// endUnreadable is revoke for a record that cannot be read.
func (m *Manager[T]) endUnreadable(ctx context.Context, owner string, id session.ID, why session.Reason) (ended bool, err error) {
	err = session.StoreError(m.store.Delete(ctx, id, 0))
	if errors.Is(err, session.ErrNotFound) {
		return false, nil
	}
	return m.revoked(ctx, owner, id, why, err)
}

// revoked reports that a session was ended, unless that failed: at once, or when the
// transaction in which it was ended has been committed.
func (m *Manager[T]) revoked(ctx context.Context, owner string, id session.ID, why session.Reason, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	e := session.Event{Kind: session.EventRevoked, ID: id, Owner: owner, Reason: why}
	tx := session.TransactionOf(ctx)
	if tx == nil || !tx.Joined() {
		m.observe(ctx, e)
		return true, nil
	}
	tx.AtEnd(func(ctx context.Context, how session.Outcome) {
		if how == session.Committed {
			m.observe(ctx, e)
		}
	})
	return true, nil
}

func isUnreadable(err error) bool {
	_, unreadable := errors.AsType[*session.DecodeError](err)
	return unreadable
}
