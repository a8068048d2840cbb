package session

import (
	"slices"
	"time"
)

// An EventKind names a kind of [Event].
type EventKind string

// The kinds of events.
const (
	EventCreated     EventKind = "created"     // first stored
	EventLoaded      EventKind = "loaded"      // read from the store
	EventSaved       EventKind = "saved"       // changes stored
	EventTouched     EventKind = "touched"     // idle end moved
	EventRenewed     EventKind = "renewed"     // given a new token, with or without changes
	EventDestroyed   EventKind = "destroyed"   // ended by its own request
	EventRevoked     EventKind = "revoked"     // ended by its owner's request, by its ID or by MaxPerOwner
	EventConflict    EventKind = "conflict"    // another request was first; the edits are replayed
	EventGone        EventKind = "gone"        // ended, or its token was, by another request while in use; nothing saved
	EventReused      EventKind = "reused"      // a former token was used when its grace had passed; the visitor gets a new session
	EventRejected    EventKind = "rejected"    // a malformed, forged or ambiguous token was ignored
	EventUndecodable EventKind = "undecodable" // the record cannot be read; the visitor gets a new session
	EventLate        EventKind = "late"        // refused: the change needs a cookie and the response has begun
	EventFailed      EventKind = "failed"      // the store failed
	EventExpired     EventKind = "expired"     // timed out: [Session.Ended] found nothing of it, or a [Reaper] removed it
	EventRefused     EventKind = "refused"     // a log-in that its owner has no room for, with [RefuseLogIn]; nothing saved
	EventBound       EventKind = "bound"       // bound to a device, and given a new token
	EventRefreshed   EventKind = "refreshed"   // given a new token, as the device that it is bound to has asked
	EventUnproven    EventKind = "unproven"    // the proof of a device was refused: Err says why
	EventSkipped     EventKind = "skipped"     // a browser could not refresh a bound session: Err says why
	EventTimeout     EventKind = "timeout"     // the time of the request had passed before its changes were saved; nothing is
)

// EventKinds returns all kinds of events.
func EventKinds() []EventKind { return slices.Clone(eventKinds[:]) }

var eventKinds = [...]EventKind{
	EventCreated, EventLoaded, EventSaved, EventTouched, EventRenewed, EventDestroyed, EventRevoked,
	EventConflict, EventGone, EventReused, EventRejected, EventUndecodable, EventLate, EventFailed, EventExpired,
	EventRefused, EventTimeout, EventBound, EventRefreshed, EventUnproven, EventSkipped,
}

// An Operation is a use of the store in which events occur.
type Operation string

// The operations. Other events, such as revoked by its owner's request, have none.
const (
	OperationLoad   Operation = "load"   // of a session that a request asks for
	OperationCommit Operation = "commit" // of a session's changes, and of its end
)

// An Event reports one step in the life of a session. It never holds a token.
type Event struct {
	Kind      EventKind
	Operation Operation     // empty if the event belongs to none
	ID        ID            // zero if there is none yet
	Owner     string        // empty if the session has none
	Reason    Reason        // for destroyed, revoked and expired: why
	Changes   []string      // for created, saved and renewed: the paths of the fields that changed
	Start     time.Time     // when the operation began; zero if it was not timed
	Duration  time.Duration // since Start: the store's share; zero if the operation was not timed
	Attempts  int           // for created, saved, renewed, bound and refreshed: the number of writes tried
	LogIn     bool          // for created and renewed: by a log-in, or a change to another owner
	Err       error         // for conflict, gone, rejected, undecodable, late, failed, refused, timeout, unproven and skipped
}

// Ends reports whether the event is how a timed operation ended. Each load has one such
// event at most, and so has each commit; one that ends a session and stores another has
// one for each. Others are steps on the way, and are not timed: a conflict, after which
// a commit tries again, and the ends of other sessions.
func (e Event) Ends() bool { return !e.Start.IsZero() }

// since returns the event with the duration since start, if [Policy.clock] returned a
// time.
func (e Event) since(start time.Time) Event {
	if !start.IsZero() {
		e.Start, e.Duration = start, time.Since(start)
	}
	return e
}

// Trouble reports whether an operator should see events of this kind: they are
// undecodable, late and failed.
func (k EventKind) Trouble() bool {
	return k == EventUndecodable || k == EventLate || k == EventFailed
}
