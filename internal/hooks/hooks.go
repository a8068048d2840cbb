// Package hooks gives package middleware those methods of a session for which
// applications have no use.
package hooks

import "context"

// Session is a *session.Session as a transport sees it. Its methods are safe for
// concurrent use.
type Session interface {
	// Detach states that the client can no longer be told of a new token. A commit
	// that needs one then fails with session.ErrLate. Other changes and Destroy
	// work as before.
	//
	// Detach waits for a commit in progress, so that Session.Token is final when it
	// returns nil. If ctx is done first, it returns session.ErrUnavailable.
	Detach(ctx context.Context) error

	// Attach undoes Detach.
	Attach()

	// Settled reports whether Session.Commit would have nothing to do. A transport
	// needs no context for it then.
	Settled() bool

	// Committing reports whether a commit, or the transaction of the last one, is
	// not known to be over. The session may be about to get another ID.
	Committing() bool
}

// Of returns the hooks of a *session.Session. Package session sets it.
var Of func(session any) Session
