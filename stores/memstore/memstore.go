// Package memstore keeps sessions in the memory of one process: for programs that run as
// a single process, for development and for tests.
//
//	carts, err := sessions.New(memstore.New[Cart](nil), nil)
//
// The sessions end with the process. A [Store] starts no goroutine and needs no closing.
// Expired sessions are never returned. Each later write, and each read that finds
// nothing, frees the memory of a few expired sessions. Time is [time.Now], so that a
// store in a [testing/synctest] bubble follows its clock.
package memstore

import (
	"context"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// Sessions are spread over as many shards as a busy process can use. Under a bound
// there are fewer, so that chance seldom fills one long before the others.
const (
	maxShards   = 64
	minPerShard = 1024
)

// Options change how a [Store] works. The zero Options is the default.
type Options struct {
	// MaxSessions bounds how many sessions are held. A new session that finds no room
	// takes the place of an expired session. If none has expired, the least recently used
	// session without an owner makes room, or if all have owners, the least recently used
	// of them. [Store.Evicted] counts the sessions that made room. Zero or less means no
	// bound.
	//
	// The bound is never exceeded. Below 2048 it is exact. Above, it is divided among
	// shards, so a shard may be full while the store holds some 10 % less than the bound.
	//
	// Sessions that were stored before keep their place: a change, a log-in or a
	// renewal needs no room.
	MaxSessions int
}

// A Store is a [session.Store] in memory, and a [session.Indexer], [session.Lister],
// [session.Poller], [session.Watcher] and [session.Reaper] too. Its methods are safe for
// concurrent use.
//
// Values are neither encoded nor copied: Load returns the value that was saved,
// which must not be written to.
//
// When a context is done, methods return [session.ErrUnavailable] together with
// the context's error.
//
// The zero Store is empty and ready for use, with the default options. A Store
// must not be copied after its first use.
type Store[T any] struct {
	made   sync.Once
	shards []shard[T] // their number is a power of two, at most maxShards
	owners owners[T]

	watchers watchers.List[session.ID]
	reaped   watchers.Listeners[session.Event]
}

// OnReaped tells of sessions that have timed out, as [session.Reaper] says. The store
// removes them in later calls: each removes a few.
func (s *Store[T]) OnReaped(reaped func(session.Event)) { s.reaped.Add(reaped) }

// New returns an empty store for sessions of type T. Nil options are the default.
func New[T any](o *Options) *Store[T] {
	s := new(Store[T])
	if o != nil {
		s.made.Do(func() { s.make(o.MaxSessions) })
	}
	return s
}

func (s *Store[T]) make(maxSessions int) {
	n := maxShards
	if maxSessions > 0 {
		n = min(n, floorPowerOfTwo(maxSessions/minPerShard))
	}
	s.shards = make([]shard[T], n)
	for i := range s.shards {
		s.shards[i].owners, s.shards[i].watchers, s.shards[i].reaped = &s.owners, &s.watchers, &s.reaped
		s.shards[i].max, s.shards[i].began = maxSessions/n, clock()
	}
}

// all returns the shards.
func (s *Store[T]) all() []shard[T] {
	s.made.Do(func() { s.make(0) })
	return s.shards
}

// floorPowerOfTwo returns the largest power of two that is not above n, or 1.
func floorPowerOfTwo(n int) int { return 1 << (bits.Len(uint(max(n, 1))) - 1) }

// Load returns the record of a session, as [session.Store] says. It copies the
// record but not the variables that its value points to.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (rec session.Record[T], err error) {
	if err = alive(ctx); err == nil {
		err = s.shard(id).load(id, &rec)
	}
	return rec, err
}

// Save creates or replaces a record, as [session.Store] says.
// It is never too large, and can always be encoded.
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if err := alive(ctx); err != nil {
		return err
	}
	return s.shard(rec.ID).save(rec)
}

// Touch moves the time at which a record expires, as [session.Store] says.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	if err := alive(ctx); err != nil {
		return err
	}
	return s.shard(id).touch(id, rev, expires.UnixMilli())
}

// Delete ends a session, as [session.Store] says.
func (s *Store[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	if err := alive(ctx); err != nil {
		return err
	}
	return s.shard(id).delete(id, rev)
}

// Exists reports whether there is a live record, as [session.Store] says.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	return s.shard(id).revision(id) != 0, nil
}

// Len returns how many sessions the store holds, for a gauge. Expired sessions
// count until their memory is reclaimed.
func (s *Store[T]) Len() int {
	n, _ := s.count()
	return n
}

// Evicted returns how many live sessions the store has given up so far to make room for
// new ones, for a counter. If it grows, [Options.MaxSessions] is too low for the number
// of visitors, or a client creates sessions without need.
func (s *Store[T]) Evicted() int {
	_, n := s.count()
	return n
}

func (s *Store[T]) count() (entries, evicted int) {
	shards := s.all()
	for i := range shards {
		n, m := shards[i].count()
		entries, evicted = entries+n, evicted+m
	}
	return entries, evicted
}

func (s *Store[T]) shard(id session.ID) *shard[T] {
	shards := s.all()
	return &shards[int(id[0])&(len(shards)-1)]
}

func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return nil
}

// Close does nothing, since there is nothing to close. It lets a program close any store
// in the same way.
func (*Store[T]) Close() error { return nil }
