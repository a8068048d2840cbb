package memstore

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

// An entry is a record, or the marker of a retired one, as a shard keeps it.
// Times are Unix milliseconds: a third of the size of a [time.Time].
type entry[T any] struct {
	id        session.ID
	rev       session.Revision
	owner     string
	created   int64
	renewed   int64
	deadline  int64
	expires   int64
	prev      *entry[T] // the owner's other entries in this shard
	next      *entry[T]
	pos       int32 // where it is in its queue
	persist   bool
	successor *session.ID // of a marker; nil for a record
	value     T
}

func (e *entry[T]) retired() bool { return e.successor != nil }

// end returns when the entry ends: at the earlier of its expiry and its deadline.
func (e *entry[T]) end() int64 {
	if e.deadline != noDeadline {
		return min(e.expires, e.deadline)
	}
	return e.expires
}

func (e *entry[T]) expired(now int64) bool { return now >= e.end() }

// noDeadline is the zero time, in Unix milliseconds.
var noDeadline = time.Time{}.UnixMilli()

// set copies everything but the ID and the revision from rec.
func (e *entry[T]) set(rec *session.Record[T]) {
	e.owner = rec.Owner
	e.created = rec.Created.UnixMilli()
	e.renewed = rec.Renewed.UnixMilli()
	e.deadline = rec.Deadline.UnixMilli()
	e.expires = rec.Expires.UnixMilli()
	e.persist = rec.Persist
	e.value = rec.Value
}

// get sets all of rec.
func (e *entry[T]) get(rec *session.Record[T]) {
	rec.ID = e.id
	rec.Revision = e.rev
	rec.Owner = e.owner
	rec.Created = time.UnixMilli(e.created).UTC()
	rec.Renewed = time.UnixMilli(e.renewed).UTC()
	rec.Deadline = time.UnixMilli(e.deadline).UTC()
	rec.Expires = time.UnixMilli(e.expires).UTC()
	rec.Persist = e.persist
	rec.Value = e.value
}
