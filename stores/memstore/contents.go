package memstore

import "github.com/seed48429006/sessions/session"

// The methods in this file keep a shard's table and queue in step. Their callers
// hold the lock for writing.

// insert adds an entry for rec, whose ID is absent.
func (s *shard[T]) insert(rec *session.Record[T], now int64) *entry[T] {
	e := &entry[T]{id: rec.ID, owner: rec.Owner}
	e.set(rec)
	s.entries.add(e)
	s.queue.push(e)
	s.owners.link(e)
	s.use(e, now)
	s.enqueue(e)
	return e
}

// replace gives an entry the contents of rec.
func (s *shard[T]) replace(e *entry[T], rec *session.Record[T], now int64) {
	if e.owner != rec.Owner {
		s.dequeue(e)
		s.owners.unlink(e)
		e.owner = rec.Owner
		s.owners.link(e)
		s.enqueue(e)
	}
	e.set(rec)
	s.reorder(e)
	s.use(e, now)
}

// reorder keeps the queue right when an entry's end has changed. Under a bound its
// order is exact, so that an entry that has ended need not be looked for.
func (s *shard[T]) reorder(e *entry[T]) {
	if s.max > 0 {
		s.queue.reposition(e)
	} else {
		s.queue.advance(e)
	}
}

// remove makes an entry's ID absent.
func (s *shard[T]) remove(e *entry[T]) {
	s.dequeue(e)
	s.owners.unlink(e)
	s.queue.remove(e)
	s.entries.remove(e)
	e.expires = millis{} // an iteration may have found it before
	s.watchers.Changed(e.id)
}

// reap removes an entry whose time has come, and notes that for unlock.
func (s *shard[T]) reap(e *entry[T], now int64) {
	if s.reaped.Any() && e.ended(now) {
		rec := session.Record[T]{ID: e.id, Secrets: e.secrets, Owner: e.owner, Deadline: e.deadline.time(), Expires: e.expires.time()}
		if event, ok := session.TimedOut(&rec); ok {
			s.untold = append(s.untold, event)
		}
	}
	s.remove(e)
}

// reclaim removes a few of the entries that have ended.
func (s *shard[T]) reclaim(now int64) {
	for i := 0; i < sweep && s.queue.due(now); i++ {
		if e := s.queue.first(); e.ended(now) {
			s.reap(e, now)
		} else {
			s.queue.reposition(e)
		}
	}
}
