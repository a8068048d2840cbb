package redisstore

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Load returns the record of a session, as [session.Store] says. It is one GET.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	data, err := s.get(ctx, id)
	if err != nil {
		s.near.saw(id, 0)
		return session.Record[T]{}, err
	}
	rec, err := s.decode(data, id)
	s.near.saw(id, rec.Revision)
	return rec, err
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
	return lives(s.readKey(ctx, key, func() *redis.StringCmd { return readHead(ctx, key) }))
}

// Ended returns the IDs that are not live, as [session.Poller] says. It sends 100
// commands in a pipeline. In a cluster, the sessions of a server that is down are
// missing in the answer.
func (s *Store[T]) Ended(ctx context.Context, ids []session.ID) (ended []session.ID, failed error) {
	for batch := range slices.Chunk(ids, getBatch) {
		if err := ctx.Err(); err != nil {
			return ended, unavailable(err)
		}
		found, err := s.endedAmong(ctx, batch)
		if ended = append(ended, found...); err != nil {
			failed = err
		}
	}
	return ended, failed
}

func (s *Store[T]) endedAmong(ctx context.Context, ids []session.ID) (ended []session.ID, failed error) {
	p := s.client.Pipeline()
	heads := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		heads[i] = readHead(ctx, s.key(id))
		p.Process(ctx, heads[i])
	}
	_, err := p.Exec(ctx)
	for i, id := range ids {
		switch live, err := lives(heads[i].Bytes()); {
		case err != nil:
			failed = err
		case !live:
			ended = append(ended, id)
		}
	}
	if err != nil && failed == nil && !wrongType(err) { // of a hook, and nothing was sent
		return nil, unavailable(err)
	}
	return ended, failed
}

// readHead returns the command that reads the header of a record.
func readHead(ctx context.Context, key string) *redis.StringCmd {
	return redis.NewStringCmd(ctx, "getrange", key, 0, wire.HeaderSize-1)
}

// lives reports whether a record with this header is live.
func lives(head []byte, err error) (bool, error) {
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
