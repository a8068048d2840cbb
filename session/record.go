package session

import "time"

// A Revision names one write of a record. Zero means never stored. Revisions
// are compared for equality only; they have no order.
type Revision uint64

// A Record is what a [Store] keeps of one session whose value has type T.
//
// Times are in UTC and whole milliseconds, so that every store keeps them alike.
type Record[T any] struct {
	ID       ID
	Revision Revision
	Owner    string    // whose session it is; empty when it is nobody's
	Created  time.Time // when the session began; renewal does not change it
	Renewed  time.Time // when its present token was made
	Deadline time.Time // its absolute end
	Expires  time.Time // its end if it is not used any more; never later than Deadline
	Persist  bool      // whether it outlives the browser
	Value    T
}

// Expired reports whether the record's time has run out at now.
func (r *Record[T]) Expired(now time.Time) bool { return !now.Before(r.Expires) }
