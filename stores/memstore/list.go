package memstore

import (
	"context"
	"iter"

	"github.com/seed48429006/sessions/session"
)

// ByOwner yields the live records of owner, as [session.Indexer] says, as they
// were at one moment: a session that is being renewed is found under one of its
// IDs at least. ByOwner holds no lock while it yields.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		yieldAll(ctx, s.owned(owner), yield)
	}
}

// owned returns an owner's records. It locks all shards at once, since a session
// that is renewed moves from one to another.
func (s *Store[T]) owned(owner string) (found []session.Record[T]) {
	shards := s.all()
	for i := range shards {
		shards[i].mu.RLock()
		defer shards[i].mu.RUnlock()
	}
	for i := range shards {
		found = shards[i].appendOwner(found, owner)
	}
	return found
}

// All yields the live records, each once, as [session.Lister] says. It holds no
// lock while it yields, and copies the records of one shard at a time.
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		var found []session.Record[T]
		shards := s.all()
		for i := range shards {
			found = shards[i].appendAll(found[:0])
			if !yieldAll(ctx, found, yield) {
				return
			}
		}
	}
}

// yieldAll reports whether the iteration goes on.
func yieldAll[T any](ctx context.Context, found []session.Record[T], yield func(session.Record[T], error) bool) bool {
	if err := alive(ctx); err != nil {
		yield(session.Record[T]{}, err)
		return false
	}
	for _, rec := range found {
		if err := alive(ctx); err != nil {
			yield(session.Record[T]{}, err)
			return false
		}
		if !yield(rec, nil) {
			return false
		}
	}
	return true
}

// appendOwner appends the owner's live records. The caller holds the lock.
func (s *shard[T]) appendOwner(dst []session.Record[T], owner string) []session.Record[T] {
	first := s.owners[owner]
	if first == nil {
		return dst // as in most shards: not worth asking for the time
	}
	now := clock()
	for e := first; e != nil; e = e.next {
		dst = e.appendLive(dst, now)
	}
	return dst
}

func (s *shard[T]) appendAll(dst []session.Record[T]) []session.Record[T] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := clock()
	for _, p := range s.live {
		dst = p.entry.appendLive(dst, now)
	}
	return dst
}

// appendLive appends the entry's record unless it has expired.
func (e *entry[T]) appendLive(dst []session.Record[T], now int64) []session.Record[T] {
	if e.expired(now) {
		return dst
	}
	dst = append(dst, session.Record[T]{})
	e.get(&dst[len(dst)-1])
	return dst
}
