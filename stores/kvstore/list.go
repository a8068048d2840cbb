package kvstore

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/watchers"
	"github.com/seed48429006/sessions/session"
)

// A ListStore is a [Store] whose backend is a [Lister]. It is a [session.Indexer], a
// [session.Lister] and a [session.Reaper] too.
type ListStore[T any] struct {
	*Store[T]
	reaped watchers.Listeners[session.Event]
}

// OnReaped tells of sessions that have timed out, as [session.Reaper] says, when
// [ListStore.Prune] removes their records. It does not tell of records that the backend
// drops by itself, as the backends of this module do.
func (s *ListStore[T]) OnReaped(reaped func(session.Event)) { s.reaped.Add(reaped) }

// ByOwner yields the live records of owner, as [session.Indexer] says. It is one listing
// and one Get for each record.
func (s *ListStore[T]) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return s.byOwner(ctx, owner, anyone)
}

func (s *ListStore[T]) byOwner(ctx context.Context, owner string, accepts func(session.Secrets) bool) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		if owner == "" {
			return
		}
		s.each(ctx, s.notes(owner), func(key string, id session.ID, found *stored) bool {
			if !found.live() || found.err == nil && found.owner() != owner {
				s.prune(ctx, key) // which a later list does if it fails
				return true
			}
			return yield(s.decode(id, found.data, accepts))
		}, yield)
	}
}

// OutlinesByOwner is [ListStore.ByOwner] without values, as [session.Outliner] says.
func (s *ListStore[T]) OutlinesByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[T], error] {
	return s.byOwner(ctx, owner, func(session.Secrets) bool { return false })
}

// Outline is [Store.Load] without the value, as [session.Outliner] says.
func (s *ListStore[T]) Outline(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, _, err := s.Open(ctx, id, func(session.Secrets) bool { return false })
	return rec, err
}

// All yields the live records, as [session.Lister] says. It is one listing and one Get
// for each record.
func (s *ListStore[T]) All(ctx context.Context) iter.Seq2[session.Record[T], error] {
	return func(yield func(session.Record[T], error) bool) {
		s.each(ctx, s.records(), func(_ string, id session.ID, found *stored) bool {
			return !found.live() || yield(s.decode(id, found.data, anyone))
		}, yield)
	}
}

// each calls visit with what there is of each session that a key with the prefix names,
// until visit returns false. It yields an error that ends the iteration.
func (s *ListStore[T]) each(ctx context.Context, prefix string, visit func(key string, id session.ID, found *stored) bool, yield func(session.Record[T], error) bool) {
	if err := ctx.Err(); err != nil {
		yield(session.Record[T]{}, unavailable(err))
		return
	}
	for key, err := range s.lister.Keys(ctx, prefix) {
		if err != nil {
			yield(session.Record[T]{}, unavailable(err))
			return
		}
		id, ok := idOf(key, prefix)
		if !ok {
			continue
		}
		found, err := s.get(ctx, id)
		if err != nil {
			yield(session.Record[T]{}, err)
			return
		}
		if !visit(key, id, &found) {
			return
		}
	}
}

// Prune removes the records that ended two hours ago, and the notes that lead nowhere. It
// returns how many keys it has removed. Backends that drop keys at their end need it no
// more than once a day, for the notes. For other backends, once an hour is enough.
func (s *ListStore[T]) Prune(ctx context.Context) (removed int, err error) {
	for key, err := range s.lister.Keys(ctx, s.records()) {
		if err != nil {
			return removed, unavailable(err)
		}
		id, ok := idOf(key, s.records())
		if !ok {
			continue
		}
		found, err := s.get(ctx, id)
		if err != nil {
			return removed, err
		}
		if found.version == 0 || found.err != nil || time.Since(endOf(found.header.Expires, found.header.Deadline)) < settled {
			continue
		}
		swapped, err := s.backend.Swap(ctx, key, found.version, nil, time.Time{})
		if err != nil {
			return removed, unavailable(err)
		}
		if swapped {
			removed++
			s.tell(id, &found)
		}
	}
	pruned, err := s.pruneNotes(ctx)
	return removed + pruned, err
}

// tell tells of a session whose record was removed.
func (s *ListStore[T]) tell(id session.ID, found *stored) {
	rec, err := wire.Outline[T](found.data, id)
	if err != nil {
		return // nothing is known of it
	}
	if event, ok := session.TimedOut(&rec); ok {
		s.reaped.Tell(event)
	}
}

func (s *ListStore[T]) pruneNotes(ctx context.Context) (removed int, err error) {
	for key, err := range s.lister.Keys(ctx, s.allNotes()) {
		if err != nil {
			return removed, unavailable(err)
		}
		owner, _, _ := strings.Cut(strings.TrimPrefix(key, s.allNotes()), ".")
		id, ok := idOf(key, s.allNotes()+owner+".")
		if !ok {
			continue
		}
		found, err := s.get(ctx, id)
		if err != nil {
			return removed, err
		}
		if found.live() && (found.err != nil || s.note(found.owner(), id) == key) {
			continue
		}
		did, err := s.prune(ctx, key)
		if err != nil {
			return removed, err
		}
		if did {
			removed++
		}
	}
	return removed, nil
}
