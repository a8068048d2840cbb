package session

import "time"

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
	EventGone        EventKind = "gone"        // ended by another request while in use; nothing saved
	EventRejected    EventKind = "rejected"    // a malformed, forged or ambiguous token was ignored
	EventUndecodable EventKind = "undecodable" // the record cannot be read; the visitor gets a new session
	EventLate        EventKind = "late"        // refused: the change needs a cookie and the response has begun
	EventFailed      EventKind = "failed"      // the store failed
)

// An Event reports one step in the life of a session. It never holds a token.
type Event struct {
	Kind     EventKind
	ID       ID            // zero if there is none yet
	Owner    string        // empty if the session has none
	Changes  []string      // for created, saved and renewed: the paths of the fields that changed
	Duration time.Duration // the store's share
	Attempts int           // for created, saved and renewed: the number of writes tried
	Err      error         // for conflict, gone, rejected, undecodable, late and failed
}

// Trouble reports whether an operator should see events of this kind: they are
// undecodable, late and failed.
func (k EventKind) Trouble() bool {
	return k == EventUndecodable || k == EventLate || k == EventFailed
}
