package session

import "time"

// An EventKind says what happened to a session.
type EventKind string

// What can happen to a session.
const (
	EventCreated     EventKind = "created"     // first stored
	EventLoaded      EventKind = "loaded"      // read from the store
	EventSaved       EventKind = "saved"       // changes stored
	EventTouched     EventKind = "touched"     // idle end moved
	EventRenewed     EventKind = "renewed"     // given a new token, with or without changes
	EventDestroyed   EventKind = "destroyed"   // ended by its own request
	EventRevoked     EventKind = "revoked"     // ended from outside: by owner, by ID or as one too many
	EventConflict    EventKind = "conflict"    // another request was first; the edits are replayed
	EventGone        EventKind = "gone"        // ended elsewhere while in use here; nothing saved
	EventRejected    EventKind = "rejected"    // a token that is malformed, forged or ambiguous was ignored
	EventUndecodable EventKind = "undecodable" // the record cannot be read; the visitor gets a new session
	EventLate        EventKind = "late"        // a change came too late for its cookie and was refused
	EventFailed      EventKind = "failed"      // the store did not do what it was asked
)

// An Event reports what happened to one session. It holds no token.
type Event struct {
	Kind     EventKind
	ID       ID            // zero if there is none yet
	Owner    string        // whose session it is
	Changes  []string      // for created, saved and renewed: the paths of the fields that changed
	Duration time.Duration // what the store took
	Attempts int           // for created, saved and renewed: how often the store was asked to write
	Err      error         // for conflict, gone, rejected, undecodable, late and failed
}

// Trouble reports whether an operator should look at events of this kind:
// undecodable, late and failed.
func (k EventKind) Trouble() bool {
	return k == EventUndecodable || k == EventLate || k == EventFailed
}
