package memstore

import (
	"maps"

	"github.com/seed48429006/sessions/session"
)

// The methods in this file keep a shard's maps and queues in step. Their
// callers hold the lock for writing.

// insert adds a live entry for rec, whose ID is absent.
func (s *shard[T]) insert(rec *session.Record[T]) *entry[T] {
	e := &entry[T]{id: rec.ID}
	e.set(rec)
	s.add(e)
	s.live.push(e)
	s.owners.link(e)
	return e
}

// replace gives a live entry the contents of rec.
func (s *shard[T]) replace(e *entry[T], rec *session.Record[T]) {
	moved := e.owner != rec.Owner
	if moved {
		s.owners.unlink(e)
	}
	e.set(rec)
	if moved {
		s.owners.link(e)
	}
	s.live.hurry(e)
}

// mark adds a retired entry for an ID that is absent.
func (s *shard[T]) mark(id, successor session.ID, until int64) {
	e := &entry[T]{id: id, expires: until, deadline: noDeadline, successor: &successor}
	s.add(e)
	s.retired.push(e)
}

func (s *shard[T]) add(e *entry[T]) {
	s.entries[e.id] = e
	s.peak = max(s.peak, len(s.entries))
}

// remove makes an entry's ID absent.
func (s *shard[T]) remove(e *entry[T]) {
	if e.retired() {
		s.retired.remove(e)
	} else {
		s.live.remove(e)
		s.owners.unlink(e)
	}
	delete(s.entries, e.id)
	s.shrink()
}

// reclaim removes a few entries that have ended. Every write calls it, so that
// memory comes back while the store is in use.
func (s *shard[T]) reclaim(now int64) {
	for _, q := range []*queue[T]{&s.live, &s.retired} {
		for range sweep {
			e := q.due(now)
			if e == nil {
				break
			}
			if e.expired(now) {
				s.remove(e)
			} else {
				q.settle(e)
			}
		}
	}
}

// makeRoom removes what expires soonest until the bound allows one entry more.
// It does so before that one is there, which may be the one to expire soonest.
func (s *shard[T]) makeRoom() {
	for s.max > 0 && len(s.live) >= s.max {
		s.remove(s.live.soonest())
	}
}

// shrink gives back the memory of a burst: a map keeps the size it once had.
// Since three quarters were removed since, an entry's share of the work is small.
func (s *shard[T]) shrink() {
	const worthwhile = 256
	if s.peak < worthwhile || len(s.entries) > s.peak/4 {
		return
	}
	entries := make(map[session.ID]*entry[T], len(s.entries))
	maps.Copy(entries, s.entries)
	s.entries, s.peak = entries, len(entries)
	s.owners = s.owners.clip()
	s.live, s.retired = s.live.clip(), s.retired.clip()
}
