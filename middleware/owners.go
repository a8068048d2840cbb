package middleware

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/seed48429006/sessions/internal/rules"
	"github.com/seed48429006/sessions/session"
)

// maxPasses bounds how often RevokeAll lists an owner's sessions again.
const maxPasses = 100

// ByOwner yields the sessions of one owner, for a page "your active sessions". It
// yields a [*session.DecodeError], which has the ID, for a session that cannot be
// read. Any other error ends the iteration. [session.ErrUnsupported] means that T
// has no method SessionOwner, or that the store is no [session.Indexer].
//
// The records' values are shared: they must not be changed.
func (m *Manager[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	index, ok := m.store.(session.Indexer[T])
	switch {
	case !rules.HasOwner[T]():
		return onlyError[T](errNoOwner[T]())
	case !ok:
		return onlyError[T](fmt.Errorf("%w: %T does not find sessions by owner", session.ErrUnsupported, m.store))
	}
	return wrapErrors(index.ByOwner(ctx, owner))
}

// All yields every session, each at least once, with the errors of [Manager.ByOwner].
// It needs a store that is a [session.Lister]. It reads everything: it is for
// reports and migrations, not for requests.
func (m *Manager[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	lister, ok := m.store.(session.Lister[T])
	if !ok {
		return onlyError[T](fmt.Errorf("%w: %T does not list sessions", session.ErrUnsupported, m.store))
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

// onlyError returns an iteration that yields nothing but the error.
func onlyError[T any](err error) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) { yield(session.Record[T]{}, err) }
}

func errNoOwner[T any]() error {
	return fmt.Errorf("%w: %v has no method SessionOwner() string%s", session.ErrUnsupported, reflect.TypeFor[T](), rules.OwnerHint[T]())
}

// Revoke ends the session with this ID if it is the owner's, as a page "end this
// session" asks. It returns [session.ErrNotFound] if the owner has no such
// session, and [session.ErrGone] if it was renewed meanwhile and goes on under
// another ID.
func (m *Manager[T]) Revoke(ctx context.Context, owner string, id session.ID) error {
	if !rules.HasOwner[T]() {
		return errNoOwner[T]()
	}
	owns, err := m.owns(ctx, owner, id)
	if err != nil {
		return err
	}
	if !owns {
		return session.ErrNotFound
	}
	if err := m.revoke(ctx, owner, id); !errors.Is(err, session.ErrNotFound) {
		return err
	}
	return nil // the session has ended since it was found
}

// owns reports whether the session is the owner's. A record that cannot be read
// does not name its owner; the owner's index has it then.
func (m *Manager[T]) owns(ctx context.Context, owner string, id session.ID) (bool, error) {
	rec, err := m.store.Load(ctx, id)
	if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
		found, err := m.listed(ctx, owner, nil)
		return slices.Contains(found, id), err
	}
	return owner != "" && rec.Owner == owner, session.StoreError(err)
}

// RevokeAll ends all sessions of the owner but those to keep ("log out everywhere
// else"), and returns how many it ended. A session that is renewed meanwhile is found
// under its new ID. When RevokeAll returns nil, every session is gone that the owner
// had when it was called.
//
// After an error, such as that of a context that is done, some sessions may have
// ended and others not.
func (m *Manager[T]) RevokeAll(ctx context.Context, owner string, keep ...session.ID) (int, error) {
	ended := 0
	for range maxPasses {
		if err := ctx.Err(); err != nil {
			return ended, session.StoreError(err)
		}
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
	for rec, err := range m.ByOwner(ctx, owner) {
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
