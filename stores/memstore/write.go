package memstore

import (
	"time"

	"github.com/seed48429006/sessions/session"
)

func (s *shard[T]) save(rec *session.Record[T]) error {
	now := s.lock()
	defer s.unlock()
	e := s.live(rec.ID, now)
	if err := refuse(e, rec, now); err != nil {
		return err
	}
	if e == nil {
		s.makeRoom(now)
		e = s.insert(rec, now)
	} else {
		s.replace(e, rec, now)
	}
	s.last++
	e.rev, rec.Revision = s.last, s.last
	s.watchers.Changed(e.id)
	return nil
}

// refuse returns why rec cannot be saved over its ID's live entry, if it has one.
func refuse[T any](e *entry[T], rec *session.Record[T], now int64) error {
	switch {
	case rec.Ended(time.UnixMilli(now)), e == nil && rec.Revision != 0:
		return session.ErrNotFound
	case e != nil && rec.Revision == 0:
		return session.ErrExists
	case e != nil && e.rev != rec.Revision:
		return session.ErrConflict
	}
	return nil
}

func (s *shard[T]) touch(id session.ID, rev session.Revision, expires int64) error {
	now := s.lock()
	defer s.unlock()
	e := s.live(id, now)
	switch {
	case e == nil, expires <= now:
		return session.ErrNotFound
	case e.rev != rev:
		return session.ErrConflict
	}
	if !e.deadline.isZero() {
		expires = min(expires, e.deadline.unix())
	}
	e.expires = millisOf(expires)
	s.reorder(e)
	s.use(e, now)
	return nil
}

func (s *shard[T]) delete(id session.ID, rev session.Revision) error {
	now := s.lock()
	defer s.unlock()
	switch e := s.live(id, now); {
	case e == nil:
		return session.ErrNotFound
	case rev != 0 && e.rev != rev:
		return session.ErrConflict
	default:
		s.remove(e)
		return nil
	}
}

// live returns the entry of an ID, or nil. It removes one that has ended.
func (s *shard[T]) live(id session.ID, now int64) *entry[T] {
	e := s.entry(id)
	if e != nil && e.ended(now) {
		s.reap(e, now)
		return nil
	}
	return e
}
