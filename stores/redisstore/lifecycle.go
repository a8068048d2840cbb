package redisstore

import (
	"context"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Touch moves the time at which a record expires, as [session.Store] says.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, expires time.Time) error {
	sent := time.Now()
	left := expires.Sub(sent)
	if left <= 0 {
		return session.ErrNotFound
	}
	held, ok := s.near.drop(id)
	err := s.touch(ctx, id, expires, left)
	if s.near.drop(id); ok && err == nil {
		s.near.touched(id, held, expires, sent.Add(left))
	}
	return err
}

func (s *Store[T]) touch(ctx context.Context, id session.ID, expires time.Time, left time.Duration) error {
	unwatched := keyspace{client: s.client, prefix: s.prefix, combiners: s.combiners} // a Touch that is lost costs an idle session a little time
	outcome, _, err := unwatched.run(ctx, touchScript, id, wire.AppendExpires(nil, expires), millis(left))
	if err != nil {
		return err
	}
	return outcome.err(id)
}

// Retire replaces a record by a marker, as [session.Store] says. If until has
// passed there is nothing to mark: the ID is absent.
func (s *Store[T]) Retire(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
	marker := wire.AppendRetired(nil, newRevision(), successor)
	s.near.drop(id)
	defer s.near.drop(id)
	return s.end(ctx, retireScript, id, marker, revisionBytes(rev), millis(time.Until(until)))
}

// Delete ends a session, as [session.Store] says. It needs no memory of Redis's,
// and deletes a record that cannot be read like any other.
func (s *Store[T]) Delete(ctx context.Context, id session.ID) error {
	s.near.drop(id)
	defer s.near.drop(id)
	confirmed := ""
	if s.acks.replicas > 0 {
		confirmed = "1"
	}
	return s.end(ctx, deleteScript, id, confirmed)
}
