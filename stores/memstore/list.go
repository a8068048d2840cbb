package memstore

import (
	"context"
	"iter"

	"github.com/seed48429006/sessions/session"
)

// ByOwner yields the live records of owner, as [session.Indexer] says. It looks for
// them at one moment and reads each when it yields it. It holds no lock while it
// yields.
func (s *Store[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		s.yieldAll(ctx, s.owners.list(owner), func(rec session.Record[T], err error) bool {
			if err == nil && rec.Owner != owner { // since a moment ago
				return true
			}
			return yield(rec, err)
		})
	}
}

// All yields the live records, each once, as [session.Lister] says. It holds no
// lock while it yields.
func (s *Store[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		var found []*entry[T]
		shards := s.all()
		for i := range shards {
			found = shards[i].appendEntries(found[:0])
			if !s.yieldAll(ctx, found, yield) {
				return
			}
		}
	}
}

// yieldAll reports whether the iteration goes on.
func (s *Store[T]) yieldAll(ctx context.Context, found []*entry[T], yield func(session.Record[T], error) bool) bool {
	if err := alive(ctx); err != nil {
		yield(session.Record[T]{}, err)
		return false
	}
	for _, e := range found {
		if err := alive(ctx); err != nil {
			yield(session.Record[T]{}, err)
			return false
		}
		var rec session.Record[T]
		if s.shard(e.id).read(e, &rec) && !yield(rec, nil) {
			return false
		}
	}
	return true
}
