package redisstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/fieldsize"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore/internal/near"
)

// maxHint bounds the memory that a Save asks for before it knows the size.
const maxHint = 64 << 10

// Save creates or replaces a record, as [session.Store] says. It takes one
// command, and one or two more if the record has an owner and is new, or if its
// owner or deadline changes.
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if remaining(rec) <= 0 {
		return session.ErrNotFound
	}
	rev := newRevision()
	data, err := s.encode(rec, rev)
	if err != nil {
		return err
	}
	until := end(rec)
	by := s.near.writer(rec.ID, func(near.Copy[T], bool) (near.Copy[T], bool) {
		return near.Copy[T]{Data: bytes.Clone(data), Size: len(data), Until: until}, true
	})
	if len(data) > nearRecord || s.acks.replicas > 0 {
		by = nil
	}
	if rec.Revision == 0 && rec.Owner != "" {
		err = s.create(ctx, rec, data, by)
	} else {
		err = s.replace(ctx, rec, data, by)
	}
	s.near.wrote(rec.ID, by)
	if err != nil {
		return err
	}
	rec.Revision = rev
	s.watchers.Changed(rec.ID)
	return nil
}

// create stores a record that must be in its owner's index.
//
// A creation that is sent again creates nothing: the record may have been found
// by its owner and ended in between, and must not come back.
func (s *Store[T]) create(ctx context.Context, rec *session.Record[T], data []byte, by *sender) error {
	if err := s.index(ctx, rec); err != nil {
		return err
	}
	outcome, err := s.runSave(ctx, rec, data, true, by)
	if err != nil {
		return err
	}
	return outcome.err(rec.ID)
}

// replace stores any other record.
func (s *Store[T]) replace(ctx context.Context, rec *session.Record[T], data []byte, by *sender) error {
	outcome, err := s.runSave(ctx, rec, data, rec.Owner == "", by)
	if err == nil && outcome == notIndexed {
		if err := s.index(ctx, rec); err != nil {
			return err
		}
		outcome, err = s.runSave(ctx, rec, data, true, by)
	}
	if err != nil {
		return err
	}
	return outcome.err(rec.ID)
}

// runSave runs the script that writes the record.
func (s *Store[T]) runSave(ctx context.Context, rec *session.Record[T], data []byte, indexed bool, by *sender) (status, error) {
	if remaining(rec) <= 0 {
		return notFound, nil
	}
	flag := ""
	if indexed {
		flag = "1"
	}
	outcome, resent, err := s.run(ctx, call{
		script: saveScript,
		key:    s.key(rec.ID),
		args:   []any{data, revisionBytes(rec.Revision), flag, time.Now().UnixMilli()},
		until:  end(rec),
	}, by)
	if err == nil && resent && outcome != ok && outcome != notIndexed {
		err = unavailable(errOutcomeUnknown)
	}
	return outcome, err
}

// errOutcomeUnknown is the outcome of a write that was sent again and then refused. It may
// have been refused because its first attempt succeeded and another write followed.
var errOutcomeUnknown = errors.New("redisstore: the record was sent twice, and it is unknown whether the first attempt stored it")

// index puts the record into its owner's index.
func (s *Store[T]) index(ctx context.Context, rec *session.Record[T]) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	until := rec.Deadline
	if until.IsZero() {
		until = time.Now().Add(farthest)
	}
	w := s.write(ctx, call{script: indexScript, key: s.ownerKey(rec.Owner), args: []any{rec.ID.String()}, until: until}, nil)
	if w.err != nil {
		return unavailable(w.err)
	}
	return unavailable(w.unconfirmed)
}

// encode returns the record as it is stored with revision rev.
func (s *Store[T]) encode(rec *session.Record[T], rev session.Revision) ([]byte, error) {
	data, err := wire.AppendRecord(make([]byte, 0, min(s.size.Load()*9/8, maxHint)), rec, rev, s.codec)
	if err != nil {
		return nil, err
	}
	if err := s.checkSize(data); err != nil {
		return nil, s.blame(err, rec)
	}
	s.observe(len(data))
	return data, nil
}

func (s *Store[T]) checkSize(data []byte) error {
	if len(data) > s.limit {
		return fmt.Errorf("%w: it has %d bytes, of at most %d", session.ErrTooLarge, len(data), s.limit)
	}
	return nil
}

// blame adds the largest field to the error about a record that is too large.
func (s *Store[T]) blame(err error, rec *session.Record[T]) error {
	name, size := fieldsize.Largest(s.codec, &rec.Value)
	if name == "" {
		return err
	}
	return fmt.Errorf("%w; its largest field is %s, with %d", err, name, size)
}

// end returns when the record ends.
func end[T any](rec *session.Record[T]) time.Time { return soonest(rec.Expires, rec.Deadline) }

// remaining returns how long the record has to live.
func remaining[T any](rec *session.Record[T]) time.Duration { return time.Until(end(rec)) }

// newRevision returns a revision that no other write has.
func newRevision() session.Revision {
	for {
		if rev := session.Revision(rand.Uint64()); rev != 0 {
			return rev
		}
	}
}

// revisionBytes returns rev as it stands in a record, nothing for zero.
func revisionBytes(rev session.Revision) []byte {
	if rev == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, uint64(rev))
}
