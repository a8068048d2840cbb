package memstore

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

func (s *shard[T]) save(rec *session.Record[T]) error {
	now := s.lock()
	defer s.mu.Unlock()
	e, m := s.present(rec.ID, now)
	if err := refuse(e, m, rec, now); err != nil {
		return err
	}
	if e == nil {
		s.makeRoom()
		e = s.insert(rec)
	} else {
		s.replace(e, rec)
	}
	s.last++
	e.rev, rec.Revision = s.last, s.last
	return nil
}

// refuse returns why rec cannot be saved over its ID's entry or marker.
func refuse[T any](e *entry[T], m *marker, rec *session.Record[T], now int64) error {
	switch {
	case m != nil:
		return session.ErrGone
	case rec.Expired(time.UnixMilli(now)), e == nil && rec.Revision != 0:
		return session.ErrNotFound
	case e != nil && rec.Revision == 0:
		return session.ErrExists
	case e != nil && e.rev != rec.Revision:
		return session.ErrConflict
	}
	return nil
}

func (s *shard[T]) touch(id session.ID, expires int64) error {
	now := s.lock()
	defer s.mu.Unlock()
	e, m := s.present(id, now)
	switch {
	case m != nil:
		return session.ErrGone
	case e == nil, expires <= now:
		return session.ErrNotFound
	}
	if e.deadline != noDeadline { // another request may have brought it nearer
		expires = min(expires, e.deadline)
	}
	e.expires = expires
	s.reorder(e)
	return nil
}

func (s *shard[T]) retire(id session.ID, rev session.Revision, successor session.ID, until int64) error {
	now := s.lock()
	defer s.mu.Unlock()
	e, m := s.present(id, now)
	switch {
	case m != nil && m.successor == successor:
		return nil
	case m != nil:
		return session.ErrGone
	case e == nil:
		return session.ErrNotFound
	case e.rev != rev:
		return session.ErrConflict
	}
	s.remove(e)
	e.removed = false // an iteration that found it before must yield it: see ByOwner
	if until > now {
		s.mark(id, successor, until)
	}
	return nil
}

func (s *shard[T]) delete(id session.ID) error {
	now := s.lock()
	defer s.mu.Unlock()
	e, m := s.present(id, now)
	switch {
	case m != nil:
		return session.ErrGone
	case e == nil:
		return session.ErrNotFound
	}
	s.remove(e)
	return nil
}

// present returns the entry or the marker that an ID has. It removes those that have
// ended.
func (s *shard[T]) present(id session.ID, now int64) (*entry[T], *marker) {
	e, m := s.entry(id), s.marker(id)
	if e != nil && e.ended(now) {
		s.remove(e)
		e = nil
	}
	if m != nil && m.ended(now) {
		s.unmark(m)
		m = nil
	}
	return e, m
}
