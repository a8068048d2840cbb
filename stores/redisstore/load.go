package redisstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Load returns the record of a session, as [session.Store] says. It is one GET.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	return s.load(ctx, id, anyone, 0)
}

// anyone accepts the secrets of every record.
func anyone(session.Secrets) bool { return true }

func (s *Store[T]) load(ctx context.Context, id session.ID, accepts func(session.Secrets) bool, tried int) (session.Record[T], error) {
	data, err := s.get(ctx, id, tried)
	if err != nil {
		s.near.saw(id, 0)
		return session.Record[T]{}, err
	}
	rec, err := s.decode(data, id, accepts)
	s.near.saw(id, rec.Revision)
	return rec, err
}

// decode reads a stored record. That its idle time is over is for Redis to know,
// by whose clock it runs; the deadline holds even if Redis lost the time to live.
func (s *Store[T]) decode(data []byte, id session.ID, accepts func(session.Secrets) bool) (session.Record[T], error) {
	if err := s.checkSize(data); err != nil {
		return session.Record[T]{}, &session.DecodeError{ID: id, Err: err}
	}
	rec, err := wire.OpenRecord(data, id, s.codec, accepts)
	if err == nil && passed(rec.Deadline) {
		return session.Record[T]{}, session.ErrNotFound
	}
	return rec, err
}

// Exists reports whether there is a live record, as [session.Store] says. A
// record that cannot be read counts as live.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	key := s.key(id)
	head := func() *redis.StringCmd { return readHead(ctx, key) }
	data, _, err := s.readKey(ctx, key, head, wire.HeaderSize, 0)
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	rev, err := present(data, err)
	return rev != 0, err
}

// Revisions returns the revisions of records, as [session.Poller] says. It sends 100
// commands in a pipeline. With an error, for example if a server of a cluster is down, it
// returns none.
func (s *Store[T]) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	revs := make([]session.Revision, 0, len(ids))
	for batch := range slices.Chunk(ids, headBatch) {
		if err := ctx.Err(); err != nil {
			return nil, unavailable(err)
		}
		for i, head := range s.readAll(ctx, batch, wire.HeaderSize) {
			if !answered(head.err) {
				head.data, head.err = s.head(ctx, batch[i], wire.HeaderSize, 1)
			}
			rev, err := present(head.data, head.err)
			if err != nil {
				return nil, err
			}
			revs = append(revs, rev)
		}
	}
	return revs, nil
}

// readHead returns the command that reads the header of a record.
func readHead(ctx context.Context, key string) *redis.StringCmd {
	return redis.NewStringCmd(ctx, "getrange", key, 0, wire.HeaderSize-1)
}

// unread is the revision of a record that cannot be read.
const unread session.Revision = math.MaxUint64

// present returns the revision of the record with this header, zero if it is absent.
func present(head []byte, err error) (session.Revision, error) {
	if wrongType(err) {
		return unread, nil
	}
	if err != nil || len(head) == 0 {
		return 0, unavailable(err)
	}
	h, err := wire.ReadHeader(head)
	switch {
	case err != nil || h.Revision == 0:
		return unread, nil
	case passed(h.Deadline):
		return 0, nil
	}
	return h.Revision, nil
}

// passed reports whether a deadline has passed. The zero time means no deadline.
func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
