package memstore

import "github.com/seed48429006/sessions/session"

// The methods in this file keep a shard's tables and queues in step. Their callers
// hold the lock for writing.

// insert adds an entry for rec, whose ID is absent.
func (s *shard[T]) insert(rec *session.Record[T]) *entry[T] {
	e := &entry[T]{id: rec.ID, owner: rec.Owner}
	e.set(rec)
	s.entries.add(e)
	s.queue.push(e)
	s.owners.link(e)
	return e
}

// replace gives an entry the contents of rec.
func (s *shard[T]) replace(e *entry[T], rec *session.Record[T]) {
	if e.owner != rec.Owner {
		s.owners.unlink(e)
		e.owner = rec.Owner
		s.owners.link(e)
	}
	e.set(rec)
	s.reorder(e)
}

// reorder keeps the queue right when an entry's end has changed. Under a bound its
// order is exact, so that the entry that ends soonest need not be looked for.
func (s *shard[T]) reorder(e *entry[T]) {
	if s.max > 0 {
		s.queue.reposition(e)
	} else {
		s.queue.advance(e)
	}
}

// remove makes an entry's ID absent.
func (s *shard[T]) remove(e *entry[T]) {
	s.owners.unlink(e)
	s.queue.remove(e)
	s.entries.remove(e)
	e.removed = true
	s.watchers.Ended(e.id)
}

// mark adds a marker for an ID that is absent.
func (s *shard[T]) mark(id, successor session.ID, until int64) {
	m := &marker{id: id, successor: successor, until: until}
	s.markers.add(m)
	s.markerQueue.push(m)
}

func (s *shard[T]) unmark(m *marker) {
	s.markerQueue.remove(m)
	s.markers.remove(m)
}

// reclaim removes a few of the entries and markers that have ended.
func (s *shard[T]) reclaim(now int64) {
	for range sweep {
		if s.queue.due(now) {
			if e := s.queue.first(); e.ended(now) {
				s.remove(e)
			} else {
				s.queue.reposition(e)
			}
		}
		if s.markerQueue.due(now) {
			s.unmark(s.markerQueue.first())
		}
	}
}

// makeRoom removes the entry that ends soonest if the bound does not allow one
// more. It does so before that one is there, which may be the one to end soonest.
func (s *shard[T]) makeRoom() {
	if s.max > 0 && s.queue.len() >= s.max {
		s.remove(s.queue.first())
	}
}
