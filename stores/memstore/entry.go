package memstore

import (
	"encoding/binary"
	"time"

	"github.com/seed48429006/sessions/session"
)

// An entry is a record as a shard keeps it. Times are in Unix milliseconds: a third
// of the size of a [time.Time].
//
// The owners' lists change under their own lock, and all else under the shard's.
type entry[T any] struct {
	id       session.ID
	rev      session.Revision
	owner    string
	created  int64
	renewed  int64
	deadline int64
	expires  int64
	nextByID *entry[T]

	next *entry[T] // among the owner's entries
	link *entry[T] // of the owner's first entry, the next one in the table; of others, the one before

	pos     int32 // where it is in its queue
	first   bool  // of the owner's entries
	persist bool
	removed bool // for good: a renewed session is not
	value   T
}

// byID are the links of a shard's table of entries.
type byID[T any] struct{}

func (byID[T]) hash(e *entry[T]) uint64     { return hashID(e.id) }
func (byID[T]) next(e *entry[T]) **entry[T] { return &e.nextByID }

// hashID returns bits of an ID, which is a hash, but not those that choose the shard.
func hashID(id session.ID) uint64 { return binary.LittleEndian.Uint64(id[8:]) }

// end returns when the entry ends: at the earlier of its expiry and its deadline.
func (e *entry[T]) end() int64 {
	if e.deadline != noDeadline {
		return min(e.expires, e.deadline)
	}
	return e.expires
}

func (e *entry[T]) index() *int32 { return &e.pos }

func (e *entry[T]) ended(now int64) bool { return now >= e.end() }

// noDeadline is the zero time, in Unix milliseconds.
var noDeadline = time.Time{}.UnixMilli()

// set copies everything but the ID, the revision and the owner from rec.
func (e *entry[T]) set(rec *session.Record[T]) {
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
