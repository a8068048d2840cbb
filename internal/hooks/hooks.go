// Package hooks gives package middleware those methods of a session for which
// applications have no use.
package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

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

	// Offer sets how far the response can ask the browser to bind the session. It is
	// called before the session is used.
	Offer(Offers)

	// Offered returns the challenge by which the browser may bind the session, if the
	// response is to ask for that.
	Offered() string

	// Find makes a new session the one with this ID, for a device that proves by Prove
	// that it may have it. Its errors are those of a store.
	Find(ctx context.Context, id [16]byte) error

	// Device returns the public key that the session is bound to, or "".
	Device() string

	// Challenge returns a challenge for the device that the session is bound to.
	Challenge() string

	// Prove has the next commit renew the secret, for an answer to a challenge that the
	// key has signed: to bind the session to the key, or for a session that is bound.
	// The commit returns ErrStale if the challenge is not the session's present one.
	Prove(challenge, key string, binds bool)

	// SecretEnds returns until when the client should use its token, or the zero time if
	// that is as long as the session lives.
	SecretEnds() time.Time

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

// Offers says how far a response can ask a browser to bind a session.
type Offers int

const (
	NoOffer    Offers = iota
	OfferOnce         // if it was not asked yet
	OfferAgain        // also if an earlier answer may be lost
)

// ErrStale means that a challenge was answered before, is too old, or is another
// session's. ErrOld is an ErrStale too: the challenge is the session's present one, and
// too old, as after a pause of the visitor's.
var (
	ErrStale = errors.New("session: the challenge was used, is too old, or is not the session's")
	ErrOld   = fmt.Errorf("%w, but was asked for long ago", ErrStale)
)

// ChallengeID returns the ID of the session that a challenge is for, and whether it has
// the form of one. Package session sets it.
var ChallengeID func(challenge string) (id [16]byte, ok bool)

// Of returns the hooks of a *session.Session. Package session sets it.
var Of func(session any) Session
