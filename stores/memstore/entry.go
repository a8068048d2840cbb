package memstore

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

// An entry is a record as a shard keeps it.
//
// The owners' lists change under their own lock, and all else under the shard's.
type entry[T any] struct {
	id       session.ID
	rev      session.Revision
	secrets  session.Secrets
	owner    string
	nextByID *entry[T]

	next *entry[T] // among the owner's entries
	link *entry[T] // of the owner's first entry, the next one in the table; of others, the one before

	pos    int32         // where it is in the queue by end
	usePos int32         // where it is in a queue by use, in a bounded store
	used   atomic.Uint32 // when it was last used, in ticks of a bounded store's shard

	created    millis
	renewed    millis
	loggedIn   millis
	deadline   millis
	expires    millis
	first      bool // of the owner's entries
	remembered bool
	value      T
}

// byID are the links of a shard's table of entries.
type byID[T any] struct{}

func (byID[T]) hash(e *entry[T]) uint64     { return hashID(e.id) }
func (byID[T]) next(e *entry[T]) **entry[T] { return &e.nextByID }

// hashID returns bits of an ID, which is random. The bits that choose the shard are not
// among them.
func hashID(id session.ID) uint64 { return binary.LittleEndian.Uint64(id[8:]) }

// end returns when the entry ends, in Unix milliseconds: at the earlier of its expiry
// and its deadline.
func (e *entry[T]) end() int64 {
	if e.deadline.isZero() {
		return e.expires.unix()
	}
	return min(e.expires.unix(), e.deadline.unix())
}

func (e *entry[T]) ended(now int64) bool { return now >= e.end() }

// set copies everything but the ID, the revision and the owner from rec.
func (e *entry[T]) set(rec *session.Record[T]) {
	e.secrets = rec.Secrets
	e.created = millisOf(rec.Created.UnixMilli())
	e.renewed = millisOf(rec.Renewed.UnixMilli())
	e.loggedIn = millisOf(rec.LoggedIn.UnixMilli())
	e.deadline = millisOf(rec.Deadline.UnixMilli())
	e.expires = millisOf(rec.Expires.UnixMilli())
	e.remembered = rec.Remembered
	e.value = rec.Value
}

// get sets all of rec.
func (e *entry[T]) get(rec *session.Record[T]) {
	rec.ID = e.id
	rec.Revision = e.rev
	rec.Secrets = e.secrets
	rec.Owner = e.owner
	rec.Created = e.created.time()
	rec.Renewed = e.renewed.time()
	rec.LoggedIn = e.loggedIn.time()
	rec.Deadline = e.deadline.time()
	rec.Expires = e.expires.time()
	rec.Remembered = e.remembered
	rec.Value = e.value
}
