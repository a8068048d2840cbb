package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore/internal/near"
)

// Touch moves the time at which a record expires, as [session.Store] says.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	now := time.Now()
	left := expires.Sub(now)
	if left <= 0 {
		return session.ErrNotFound
	}
	until := now.Add(left)
	by := s.near.writer(id, func(before near.Copy[T], ok bool) (near.Copy[T], bool) {
		return touched(before, expires, until), ok
	})
	unwatched := s.keyspace
	unwatched.acks = acks{} // a Touch that is lost costs an idle session a little time
	outcome, _, err := unwatched.run(ctx, call{
		script: touchScript,
		key:    s.key(id),
		args:   []any{wire.AppendExpires(nil, expires), revisionBytes(rev)},
		until:  until,
	}, by)
	s.near.wrote(id, by)
	if err == nil {
		err = outcome.err(id)
	}
	return err
}

// Delete ends a session, as [session.Store] says. It works when Redis is out of memory,
// and also deletes a record that cannot be read.
func (s *Store[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	err := s.end(ctx, id, rev)
	s.near.drop(id)
	s.watchers.Changed(id)
	return err
}

// end deletes a record, and then its entry in the owner's index. A failure of that is
// no error: the entry leads nowhere, and goes when the deadline has passed.
func (k *keyspace) end(ctx context.Context, id session.ID, rev session.Revision) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	confirmed := ""
	if k.acks.replicas > 0 {
		confirmed = "1"
	}
	w := k.write(ctx, call{script: deleteScript, key: k.key(id), args: []any{revisionBytes(rev), confirmed}}, nil)
	reply, err := w.reply.Slice()
	if err != nil {
		return unavailable(err)
	}
	if len(reply) != 2 {
		return unavailable(fmt.Errorf("redisstore: a script returned %d values", len(reply)))
	}
	n, _ := reply[0].(int64)
	owner, _ := reply[1].(string)
	outcome := status(n)
	if w.unconfirmed != nil && (outcome == ok || outcome == notFound) {
		return unavailable(w.unconfirmed)
	}
	if w.resent && outcome == notFound {
		return nil // an earlier attempt may have deleted it, and it is absent
	}
	if outcome != ok {
		return outcome.err(id)
	}
	if owner != "" {
		within(ctx, k.patient, func() error { return k.client.ZRem(ctx, k.ownerKey(owner), id.String()).Err() })
	}
	return nil
}
