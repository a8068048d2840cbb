package near

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Copy is a record as it was read or written. It must not be written to.
type Copy[T any] struct {
	Record *session.Record[T] // nil if nothing has needed it yet
	Data   []byte             // the record as stored, if Record is nil
	Size   int                // in bytes, as stored
	Until  time.Time          // when the record ends, by this process's clock
}

// A Cache keeps copies of records, the recently used ones if there is no room for
// all. Its methods are safe for concurrent use.
//
// Put, Update, Changed, ChangedAll, Started and Lost must be called in the order in
// which the replies and changes came.
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

// An Epoch is the time between two calls of [Cache.Drop]. A copy of an earlier epoch may
// be older than the record that a caller has seen.
type Epoch uint64

// Begin returns the epoch in which a command is about to be sent. If live is false,
// nothing would be kept.
func (c *Cache[T]) Begin(id session.ID) (epoch Epoch, live bool) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch, s.live
}

// Put keeps the copy that a command of the epoch read or wrote. If the epoch is over,
// none is kept.
func (c *Cache[T]) Put(id session.ID, epoch Epoch, read Copy[T]) {
	c.Update(id, epoch, func(Copy[T], bool) (Copy[T], bool) { return read, true })
}

// Update puts what change makes of the present copy, of which it is told whether
// there is one. It removes the copy if change returns false or the epoch is over.
func (c *Cache[T]) Update(id session.ID, epoch Epoch, change func(before Copy[T], ok bool) (after Copy[T], keep bool)) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	var after Copy[T]
	e := s.entries[id]
	keep := s.live && s.epoch == epoch
	if keep && e != nil {
		after, keep = change(e.Copy, true)
	} else if keep {
		after, keep = change(after, false)
	}
	if e != nil {
		s.remove(e)
	}
	if keep {
		s.insert(id, after)
	}
}

// Drop removes a copy that may be out of date, and begins a new epoch: no command
// that is under way may put one.
func (c *Cache[T]) Drop(id session.ID) { c.drop(id, func(*Copy[T]) bool { return false }) }

// DropUnless is Drop, unless current reports that the copy is the record that a caller
// has seen.
func (c *Cache[T]) DropUnless(id session.ID, current func(*Copy[T]) bool) { c.drop(id, current) }

func (c *Cache[T]) drop(id session.ID, current func(*Copy[T]) bool) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e != nil && current(&e.Copy) {
		return
	}
	s.epoch++
	if e != nil {
		s.remove(e)
	}
}

// Changed removes the copy of a record that has changed.
func (c *Cache[T]) Changed(id session.ID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil {
		s.remove(e)
	}
}

// ChangedAll removes all copies.
func (c *Cache[T]) ChangedAll() { c.clear(func(*shard[T]) {}) }

// Started says that changes are told from now on.
func (c *Cache[T]) Started() { c.clear(func(s *shard[T]) { s.live = true }) }

// Lost says that changes are not told any more.
func (c *Cache[T]) Lost() {
	c.clear(func(s *shard[T]) {
		s.live = false
		s.epoch++
	})
}

func (c *Cache[T]) clear(then func(*shard[T])) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.clear()
		then(s)
		s.mu.Unlock()
	}
}

// Len returns the number of copies and their size in bytes.
func (c *Cache[T]) Len() (records, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		records, bytes = records+len(s.entries), bytes+s.bytes
		s.mu.Unlock()
	}
	return records, bytes
}
