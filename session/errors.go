package session

import (
	"errors"
	"fmt"
)

// Errors of stores and sessions, possibly wrapped: test for them with [errors.Is].
// No error's text holds a token.
var (
	// ErrNotFound means that the store has no such session: it never existed, it
	// expired, or it was destroyed.
	ErrNotFound = errors.New("session: not found")

	// ErrExists means that a session to be created exists already.
	ErrExists = errors.New("session: exists already")

	// ErrConflict means that the stored session has another revision. A commit
	// returns it only after many attempts: another request was first each time.
	ErrConflict = errors.New("session: changed by another request")

	// ErrGone means that another request ended the session, or logged in by it and so
	// ended the secret that this request came with. Nothing was saved, and nothing can
	// be.
	ErrGone = errors.New("session: ended, or renewed by a log-in, in another request")

	// ErrUnavailable means that the store did not answer. It wraps the store's
	// own error. The visitor is then unknown, not anonymous.
	ErrUnavailable = errors.New("session: store unavailable")

	// ErrTooManySessions means that the owner has [Policy.MaxPerOwner] sessions already,
	// and that none of them yields: see [RefuseLogIn]. Nothing was saved, and the
	// session is as it was before the log-in.
	ErrTooManySessions = errors.New("session: the owner has as many sessions as are allowed")

	// ErrTooLarge means that a record is larger than its store accepts.
	ErrTooLarge = errors.New("session: record too large")

	// ErrNoSession means that a context has no session of the requested type:
	// the middleware is missing, or it is one for another type.
	ErrNoSession = errors.New("session: no session of this type in the context")

	// ErrLate means that a change needs a cookie, but the response has begun. New
	// sessions, renewals, and changes of the owner or by Remember need one.
	// Nothing was saved.
	ErrLate = errors.New("session: change needs a cookie, but the response has begun")

	// ErrTimeout means that the time of the request had passed before its changes were
	// to be saved. Nothing was saved. The store was not asked, and is not to blame.
	ErrTimeout = errors.New("session: the time of the request has passed")

	// ErrNewer means that a newer version of the program wrote the record. A
	// [*DecodeError] wraps it. The record is left as it is.
	ErrNewer = errors.New("session: record was written by a newer version of the program")

	// ErrUnsupported means that the store or the type lacks a feature, such as finding
	// the sessions of an owner. The error that wraps it says which.
	ErrUnsupported = errors.New("session: not supported")
)

// A DecodeError means that a stored record cannot be read: it is corrupt or
// truncated, sealed with another key, or written by another program. The record
// stays until it expires.
type DecodeError struct {
	ID  ID
	Err error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("session: record %s cannot be read: %v", e.ID, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// An EncodeError means that a session's value cannot be stored, for example
// because it contains itself. Nothing was saved.
type EncodeError struct {
	ID  ID
	Err error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("session: value of session %s cannot be stored: %v", e.ID, e.Err)
}

func (e *EncodeError) Unwrap() error { return e.Err }

// StoreError wraps a [Store]'s own error in [ErrUnavailable]. It returns errors
// that this package defines as they are, and nil for nil.
func StoreError(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{ErrNotFound, ErrExists, ErrConflict, ErrGone, ErrLate, ErrUnavailable, ErrTooLarge, ErrTooManySessions, ErrTimeout, ErrUnsupported} {
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
