package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Load returns the record of a session, as [session.Store] says. It is one GET.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	data, err := s.get(ctx, id)
	if err != nil {
		return session.Record[T]{}, err
	}
	return s.decode(data, id)
}

// decode reads a stored record. That its idle time is over is for Redis to know,
// by whose clock it runs; the deadline holds even if Redis lost the time to live.
func (s *Store[T]) decode(data []byte, id session.ID) (session.Record[T], error) {
	if err := s.checkSize(data); err != nil {
		return session.Record[T]{}, &session.DecodeError{ID: id, Err: err}
	}
	rec, err := wire.DecodeRecord(data, id, s.codec)
	if err == nil && passed(rec.Deadline) {
		return session.Record[T]{}, session.ErrNotFound
	}
	return rec, err
}

// Exists reports whether there is a live record, as [session.Store] says. A
// record that cannot be read counts as live.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, unavailable(err)
	}
	key := s.key(id)
	head, err := s.readKey(ctx, key, func() *redis.StringCmd {
		return redis.NewStringCmd(ctx, "getrange", key, 0, wire.HeaderSize-1)
	})
	if wrongType(err) {
		return true, nil
	}
	if err != nil || len(head) == 0 {
		return false, unavailable(err)
	}
	h, err := wire.ReadHeader(head)
	return err != nil || !h.Retired && !passed(h.Deadline), nil
}

// passed reports whether a deadline has passed. The zero time is no deadline.
func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
