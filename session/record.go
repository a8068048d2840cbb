package session

import "time"

// A Revision names one write of a record. Zero means never stored. Revisions have
// no order.
type Revision uint64

// A Record is the stored form of one session, whose value has type T.
//
// Times are in UTC and in whole milliseconds, so that all stores keep them alike.
// A record ends at the earlier of Expires and Deadline.
type Record[T any] struct {
	ID       ID
	Revision Revision
	Owner    string    // empty if the session has none
	Created  time.Time // when the session began; renewal does not change it
	Renewed  time.Time // when the session got its present token
	Deadline time.Time // the absolute end; zero means none
	Expires  time.Time // the end unless the session is used again
	Persist  bool      // the cookie outlives the browser
	Value    T
}

// Expired reports whether the record has ended at the given time.
func (r *Record[T]) Expired(at time.Time) bool {
	return !at.Before(r.Expires) || !r.Deadline.IsZero() && !at.Before(r.Deadline)
}
