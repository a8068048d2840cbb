package session

import "time"

// A Revision names one write of a record. Zero means never stored. Revisions have
// no order.
type Revision uint64

// A Record is the stored form of a session with a value of type T.
//
// Times are in UTC and in whole milliseconds, so that all stores keep them alike.
type Record[T any] struct {
	ID         ID
	Revision   Revision
	Secrets    Secrets   // they give access; stores keep them as they are
	Owner      string    // empty if the session has none
	Created    time.Time // when the session began
	Renewed    time.Time // when the session last got a new secret
	LoggedIn   time.Time // when the owner last logged in; zero without one
	Deadline   time.Time // the absolute end; zero means none
	Expires    time.Time // the end unless the session is used again
	Remembered bool      // see [Session.Remember]
	Value      T
}

// IsNote reports whether the record is not a session but a note beside the sessions:
// why one has ended, or which log-ins of an owner are being stored. No token gives access
// to a note, and no owner has it. Lists of sessions leave notes out.
func (r *Record[T]) IsNote() bool { return r.Secrets.isNote() }

// Ended reports whether the record has ended at the given time: at Expires or at
// Deadline, whichever comes first.
func (r *Record[T]) Ended(at time.Time) bool {
	return !at.Before(r.Expires) || !r.Deadline.IsZero() && !at.Before(r.Deadline)
}
