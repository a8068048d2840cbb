package near

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Copy is a record as it was read or written. It must not be written to.
type Copy[T any] struct {
	Record   *session.Record[T] // nil if nothing has needed it yet
	Data     []byte             // the record as stored, if Record is nil
	Revision session.Revision
	Size     int       // in bytes, as stored
	Until    time.Time // when the record ends, by this process's clock
}

// same reports whether two copies are of one record in one state.
func (c *Copy[T]) same(other *Copy[T]) bool {
	return c.Revision == other.Revision &&
		(c.Record == nil || other.Record == nil || c.Record.Expires.Equal(other.Record.Expires))
}

// A Cache keeps copies of records, the recently used ones if there is no room for
// all. Its methods are safe for concurrent use.
//
// A copy is kept only if nothing said meanwhile that its key has changed: from
// before the record is read until the copy is put.
type Cache[T any] struct{ shards []shard[T] }

const (
	manyShards = 16
	worthMany  = 1024 // of so many records on, several shards pay
)

// NewCache returns an empty cache with room for so many records and bytes. It
// keeps nothing before [Cache.Started].
func NewCache[T any](records, bytes int) *Cache[T] {
	n := 1
	if records >= worthMany {
		n = manyShards
	}
	c := &Cache[T]{make([]shard[T], n)}
	for i := range c.shards {
		c.shards[i].init(records/n, bytes/n)
	}
	return c
}

func (c *Cache[T]) shard(id session.ID) *shard[T] { return &c.shards[int(id[0])%len(c.shards)] }

// Get returns the copy of a record that has not ended.
func (c *Cache[T]) Get(id session.ID, now time.Time) (found Copy[T], ok bool) {
	return c.shard(id).get(id, now)
}

// Decoded puts the record in the place of the data in a copy that Get returned.
func (c *Cache[T]) Decoded(id session.ID, found Copy[T], rec *session.Record[T]) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.Record == nil && &e.Data[0] == &found.Data[0] {
		e.Record, e.Data = rec, nil
	}
}

// Begin notes that a record is about to be read or written. [Cache.Put] or
// [Cache.End] must follow.
func (c *Cache[T]) Begin(id session.ID) Ticket { return c.shard(id).begin(id) }

// A Ticket stands for a read or write that is under way.
type Ticket struct {
	Live       bool // reports whether a copy would be kept
	generation uint64
}

// Put ends a read with a copy of its record. If another read, which may have been
// earlier or later, has put something else meanwhile, none of the two is kept: their
// callers must not see the record go back.
func (c *Cache[T]) Put(id session.ID, t Ticket, read Copy[T]) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	upToDate, e := s.end(id, t), s.entries[id]
	switch {
	case e != nil && e.confirmed && !e.same(&read):
		s.drop(id)
	case upToDate:
		s.invalidate(id) // those reads that began before
		s.insert(id, read, true)
	}
}

// End ends a read of which nothing is to be kept.
func (c *Cache[T]) End(id session.ID, t Ticket) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(id, t)
}

// Drop removes a copy that is out of date, and lets no read that is under way put
// one. It returns the copy.
func (c *Cache[T]) Drop(id session.ID) (dropped Copy[T], ok bool) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	s.drop(id)
	if e == nil || !e.confirmed {
		return dropped, false
	}
	return e.Copy, true
}

// DropUnless is Drop, unless the copy has this revision.
func (c *Cache[T]) DropUnless(id session.ID, rev session.Revision) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e == nil || e.Revision != rev {
		s.drop(id)
	}
}

// PutWritten is Drop, and then keeps a copy of a record as it was written. It is not
// served until it is confirmed, since other writes may have followed. Confirm
// reports whether there were none: it must be called in the order in which
// Changed is.
func (c *Cache[T]) PutWritten(id session.ID, written Copy[T]) (confirm func(unchanged bool)) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id)
	if !s.live {
		return nil
	}
	e := s.insert(id, written, false)
	return func(unchanged bool) { s.confirm(e, unchanged) }
}

// Changed drops the copy of a record that has changed.
func (c *Cache[T]) Changed(id session.ID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invalidate(id)
	if e := s.entries[id]; e != nil && e.confirmed { // else its confirmation is yet to come
		s.remove(e)
	}
}

// ChangedAll drops all copies.
func (c *Cache[T]) ChangedAll() { c.clear(func(*shard[T]) {}) }

// Started says that changes are told from now on.
func (c *Cache[T]) Started() { c.clear(func(s *shard[T]) { s.live = true }) }

// Lost says that changes are not told any more.
func (c *Cache[T]) Lost() { c.clear(func(s *shard[T]) { s.live = false }) }

func (c *Cache[T]) clear(then func(*shard[T])) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.clear()
		then(s)
		s.mu.Unlock()
	}
}

// Len returns the number of copies, confirmed or not, and their size in bytes.
func (c *Cache[T]) Len() (records, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		records, bytes = records+len(s.entries), bytes+s.bytes
		s.mu.Unlock()
	}
	return records, bytes
}
