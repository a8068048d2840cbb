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
	// Detach waits for a commit in progress, so that News is final when it returns
	// nil. If ctx is done first, it returns session.ErrUnavailable.
	Detach(ctx context.Context) error

	// Attach undoes Detach.
	Attach()

	// Abandon detaches the session and discards its changes, without waiting for a
	// commit in progress: changes that it does not save are discarded at its end. It is
	// for a response that has failed.
	Abandon()

	// Settled reports whether Session.Commit would have nothing to do. A transport
	// needs no context for it then.
	Settled() bool

	// Committing reports whether a commit, or the transaction of the last one, is
	// not known to be over.
	Committing() bool

	// News returns what the client must be told.
	News() News

	// Revision returns the revision of the record as this request knows it.
	Revision() uint64

	// Renewals returns how often all earlier tokens of the session were ended, as far
	// as this request knows.
	Renewals() uint32
}

// News are what a transport must tell the client.
type News int

const (
	NoNews   News = iota // nothing
	NewToken             // Session.Token, which this request issued
	NoToken              // that its token is worth nothing any more
)

// Of returns the hooks of a *session.Session. Package session sets it.
var Of func(session any) Session
