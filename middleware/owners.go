package middleware

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/seed48429006/sessions/session"
)

// maxPasses bounds how often RevokeAll lists an owner's sessions again.
const maxPasses = 100

// List yields the sessions of one owner, for a page "your active sessions". It
// yields a [*session.DecodeError], which has the ID, for a session that cannot be
// read. Any other error ends the iteration. [session.ErrUnsupported] means that T
// has no method SessionOwner, or that the store is no [session.Indexer].
//
// The records' values are shared: they must not be changed.
func (m *Manager[T]) List(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	index, ok := m.store.(session.Indexer[T])
	switch {
	case !session.HasOwner[T]():
		return unsupported[T](fmt.Sprintf("%v has no method SessionOwner() string", reflect.TypeFor[T]()))
	case !ok:
		return unsupported[T](fmt.Sprintf("the store, a %T, does not find sessions by owner", m.store))
	}
	return wrapErrors(index.ByOwner(ctx, owner))
}

// All yields every session, each at least once, with the errors of [Manager.List].
// It needs a store that is a [session.Lister]. It reads everything: it is for
// reports and migrations, not for requests.
func (m *Manager[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	lister, ok := m.store.(session.Lister[T])
	if !ok {
		return unsupported[T](fmt.Sprintf("the store, a %T, does not list sessions", m.store))
	}
	return wrapErrors(lister.All(ctx))
}

// wrapErrors gives a store's own errors their meaning, and ends the iteration at
// every error but those of single records.
func wrapErrors[T any](records iter.Seq2[session.Record[T], error]) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		for rec, err := range records {
			err = session.StoreError(err)
			_, unreadable := errors.AsType[*session.DecodeError](err)
			if !yield(rec, err) || err != nil && !unreadable {
				return
			}
		}
	}
}

func unsupported[T any](reason string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		yield(session.Record[T]{}, fmt.Errorf("%w: %s", session.ErrUnsupported, reason))
	}
}

// Revoke ends the session with this ID if it is the owner's, as a page "end this
// session" asks. It returns [session.ErrNotFound] if the owner has no such
// session, and [session.ErrGone] if it was renewed meanwhile and goes on under
// another ID.
func (m *Manager[T]) Revoke(ctx context.Context, owner string, id session.ID) error {
	if !session.HasOwner[T]() {
		return fmt.Errorf("%w: %v has no method SessionOwner() string", session.ErrUnsupported, reflect.TypeFor[T]())
	}
	rec, err := m.store.Load(ctx, id)
	if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
		return m.revokeUnreadable(ctx, owner, id)
	}
	if err != nil {
		return session.StoreError(err)
	}
	if owner == "" || rec.Owner != owner {
		return session.ErrNotFound
	}
	if err := m.revoke(ctx, owner, id); !errors.Is(err, session.ErrNotFound) {
		return err
	}
	return nil // it was there a moment ago, and has ended
}

// revokeUnreadable ends a session that does not tell whose it is, if the
// owner's index has it.
func (m *Manager[T]) revokeUnreadable(ctx context.Context, owner string, id session.ID) error {
	found, err := m.listed(ctx, owner, nil)
	if err != nil {
		return err
	}
	if !slices.Contains(found, id) {
		return session.ErrNotFound
	}
	return m.revoke(ctx, owner, id)
}

// RevokeAll ends all sessions of the owner but those to keep ("log out
// everywhere else"), and returns how many it ended. A session that is renewed
// meanwhile is found under its new ID: when RevokeAll returns nil, no session is
// left that the owner had when it was called.
//
// After an error some may be ended and some not.
func (m *Manager[T]) RevokeAll(ctx context.Context, owner string, keep ...session.ID) (int, error) {
	ended := 0
	for range maxPasses {
		found, err := m.listed(ctx, owner, keep)
		if err != nil || len(found) == 0 {
			return ended, err
		}
		for _, id := range found {
			switch err := m.revoke(ctx, owner, id); {
			case err == nil:
				ended++
			case !errors.Is(err, session.ErrGone) && !errors.Is(err, session.ErrNotFound):
				return ended, err
			}
		}
	}
	return ended, fmt.Errorf("%w: %q goes on opening sessions", session.ErrConflict, owner)
}

// listed returns the IDs of the owner's sessions but those to keep, the
// unreadable ones too.
func (m *Manager[T]) listed(ctx context.Context, owner string, keep []session.ID) ([]session.ID, error) {
	var found []session.ID
	for rec, err := range m.List(ctx, owner) {
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

func (m *Manager[T]) revoke(ctx context.Context, owner string, id session.ID) error {
	err := session.StoreError(m.store.Delete(ctx, id))
	if err == nil {
		m.observe(ctx, session.Event{Kind: session.EventRevoked, ID: id, Owner: owner})
	}
	return err
}
