package session

import (
	"context"
	"errors"
	"fmt"
)

var errOwnerOutside = fmt.Errorf("%w: an edit from outside must not change the owner of a session, whose token would end", ErrUnsupported)

// Edit changes the session with this ID if condition returns true for its record, and
// reports whether that stored a change. It is for code that changes other visitors'
// sessions. The edit is a [Session.Update] with all that belongs to it: it may run more
// than once, and so may the condition; no change of the visitor's requests is lost, and
// none of them sees half of it.
//
// Edit does not count as use of the session: the idle end stays, and so does the token.
// The errors are those of [Session.Commit], and:
//
//   - [ErrNotFound]: there is no such session, it has just ended, or the condition
//     does not hold.
//   - [*DecodeError]: its record cannot be read.
//   - [ErrUnsupported]: the edit changes the owner.
func Edit[T any](ctx context.Context, store Store[T], policy *Policy, id ID, condition func(*Record[T]) bool, edit func(*T)) (changed bool, err error) {
	s := New(store, policy)
	var met Revision // of the record that the edit last ran on
	accepts := func(rec *Record[T]) bool {
		met = rec.Revision
		return condition(rec)
	}
	s.outside, s.passive = accepts, true
	if s.first, err = load(ctx, store, id); err != nil {
		return false, err
	}
	if !accepts(&s.first) {
		return false, ErrNotFound
	}
	s.Update(edit)
	if err = s.Commit(ctx); errors.Is(err, ErrGone) {
		err = ErrNotFound
	}
	return err == nil && s.record().Revision != met, err
}
