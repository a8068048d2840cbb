package session

import (
	"errors"
	"fmt"
)

// Errors that stores and sessions return, possibly wrapped: ask with [errors.Is].
// No error's text holds a token.
var (
	// ErrNotFound says that the store has no such session: it was never there,
	// it expired, or it was destroyed.
	ErrNotFound = errors.New("session: not found")

	// ErrExists says that a session to be created is there already.
	ErrExists = errors.New("session: exists already")

	// ErrConflict says that the stored session is at another revision. A commit
	// returns it only when other requests won every one of its many tries.
	ErrConflict = errors.New("session: changed by another request")

	// ErrGone says that the session was destroyed, renewed or revoked elsewhere
	// while it was in use here. Nothing of it was saved, and nothing can be.
	ErrGone = errors.New("session: destroyed or renewed by another request")

	// ErrUnavailable says that the store could not answer. It wraps the store's
	// own error. Nothing is known of the session: above all, not that there is none.
	ErrUnavailable = errors.New("session: store unavailable")

	// ErrTooLarge says that a record is larger than its store takes.
	ErrTooLarge = errors.New("session: record too large")

	// ErrNoSession says that a context carries no session of the type asked for:
	// the middleware is missing, or it is of another type.
	ErrNoSession = errors.New("session: no session of this type in the context")

	// ErrLate says that a change came after the first byte of the response and
	// needs a cookie that can no longer be sent: a new session, a renewal, a
	// change of owner or of persistence. None of the change was saved.
	ErrLate = errors.New("session: change needs a cookie, but the response has begun")

	// ErrNewer says that a record was written by a newer version of the program
	// than this one. A [*DecodeError] wraps it. The record is left as it is.
	ErrNewer = errors.New("session: record was written by a newer version of the program")

	// ErrUnsupported says that the store cannot do what was asked of it,
	// for example list the sessions of an owner.
	ErrUnsupported = errors.New("session: not supported by this store")
)

// A RetiredError says that a session was renewed: it goes on as its successor. It
// is an [ErrGone].
type RetiredError struct {
	ID        ID
	Successor ID // zero if the store does not know it
}

func (e *RetiredError) Error() string { return fmt.Sprintf("session: %s was renewed", e.ID) }

func (e *RetiredError) Unwrap() error { return ErrGone }

// A DecodeError says that a stored record cannot be read: corrupt, truncated,
// sealed with another key or written by something else. The record stays where
// it is until it expires.
type DecodeError struct {
	ID  ID
	Err error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("session: record %s cannot be read: %v", e.ID, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// An EncodeError says that a session's value cannot be turned into a record,
// for example because a pointer in it leads back to itself. Nothing was saved.
type EncodeError struct {
	ID  ID
	Err error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("session: value of session %s cannot be stored: %v", e.ID, e.Err)
}

func (e *EncodeError) Unwrap() error { return e.Err }

// StoreError marks as [ErrUnavailable] what a [Store] returned of its own, which
// is everything but the errors that this package gives a meaning.
func StoreError(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{ErrNotFound, ErrExists, ErrConflict, ErrGone, ErrLate, ErrUnavailable, ErrTooLarge, ErrUnsupported} {
		if errors.Is(err, known) {
			return err
		}
	}
	if _, ok := errors.AsType[*DecodeError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*EncodeError](err); ok {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
