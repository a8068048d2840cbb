package redisstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

// maxHint bounds the memory that a Save asks for before it knows what it needs.
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
	if rec.Revision == 0 && rec.Owner != "" {
		err = s.create(ctx, rec, data)
	} else {
		err = s.replace(ctx, rec, data)
	}
	if err == nil {
		rec.Revision = rev
	}
	return err
}

// create stores a record that is to be in its owner's index. If it was sent more
// than once, it may have been found there and ended in between, and its entry be
// gone with it: then it goes into the index again.
func (s *Store[T]) create(ctx context.Context, rec *session.Record[T], data []byte) error {
	if err := s.index(ctx, rec); err != nil {
		return err
	}
	outcome, again, err := s.put(ctx, rec, data, true)
	if err == nil {
		err = outcome.err(rec.ID)
	}
	if err == nil && again {
		err = s.index(ctx, rec)
	}
	return err
}

// replace stores any other record.
func (s *Store[T]) replace(ctx context.Context, rec *session.Record[T], data []byte) error {
	outcome, _, err := s.put(ctx, rec, data, rec.Owner == "")
	if err == nil && outcome == notIndexed {
		if err := s.index(ctx, rec); err != nil {
			return err
		}
		outcome, _, err = s.put(ctx, rec, data, true)
	}
	if err == nil {
		err = outcome.err(rec.ID)
	}
	return err
}

// put runs the script that writes the record. It reports whether the client sent
// it again.
func (s *Store[T]) put(ctx context.Context, rec *session.Record[T], data []byte, indexed bool) (outcome status, again bool, err error) {
	left := remaining(rec)
	if left <= 0 {
		return notFound, false, nil
	}
	flag := ""
	if indexed {
		flag = "1"
	}
	p := &payload{data: data}
	outcome, err = s.run(ctx, saveScript, rec.ID, p, revisionBytes(rec.Revision), millis(left), flag)
	again = s.sentAgain(p)
	if err == nil && again && outcome != ok && outcome != notIndexed {
		err = unavailable(errUnsure)
	}
	return outcome, again, err
}

// errUnsure is the outcome of a write that was sent again and then refused: it may
// be its own effect, which another write has replaced since, that it was refused for.
var errUnsure = errors.New("redisstore: the record was sent again, and it is not known whether it was written before it was written by another")

// A payload is a record on its way to a script. It counts how often the client
// asks for it, which is when it sends it: also when it does so again, by itself,
// because the connection broke or another server is to have it.
type payload struct {
	data  []byte
	asked atomic.Int32
}

// MarshalBinary is called by the client each time that it sends the payload.
func (p *payload) MarshalBinary() ([]byte, error) {
	p.asked.Add(1)
	return p.data, nil
}

// sentAgain reports whether a payload is known to have been sent more than once.
// A client that pipelines commands by itself asks for them to know their size,
// too, so that there is no knowing.
func (s *Store[T]) sentAgain(p *payload) bool { return s.counts && p.asked.Load() > 1 }

// unsent forgets that a payload among a script's arguments was sent the last time,
// since the server refused it unread.
func unsent(args []any) {
	for _, arg := range args {
		if p, ok := arg.(*payload); ok {
			p.asked.Add(-1)
		}
	}
}

// index puts the record into its owner's index.
func (s *Store[T]) index(ctx context.Context, rec *session.Record[T]) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	left := millis(time.Until(rec.Deadline))
	reply, unconfirmed := s.write(ctx, indexScript, s.ownerKey(rec.Owner), rec.ID.String(), left)
	if err := reply.Err(); err != nil {
		return unavailable(err)
	}
	return unavailable(unconfirmed)
}

// encode returns the record as it is stored with revision rev.
func (s *Store[T]) encode(rec *session.Record[T], rev session.Revision) ([]byte, error) {
	data, err := codec.AppendRecord(make([]byte, 0, s.size.Load()), rec, rev, s.codec)
	if err != nil {
		return nil, err
	}
	if err := s.checkSize(data); err != nil {
		return nil, s.blame(err, rec)
	}
	s.size.Store(int64(min(len(data)+len(data)/8, maxHint)))
	return data, nil
}

func (s *Store[T]) checkSize(data []byte) error {
	if len(data) > s.limit {
		return fmt.Errorf("%w: it has %d bytes, of at most %d", session.ErrTooLarge, len(data), s.limit)
	}
	return nil
}

// blame adds to the error about a record that is too large what makes it so.
func (s *Store[T]) blame(err error, rec *session.Record[T]) error {
	name, size := codec.LargestField(s.codec, &rec.Value)
	if name == "" {
		return err
	}
	return fmt.Errorf("%w; its largest field is %s, with %d", err, name, size)
}

// remaining returns how long the record has to live.
func remaining[T any](rec *session.Record[T]) time.Duration {
	if rec.Deadline.Before(rec.Expires) {
		return time.Until(rec.Deadline)
	}
	return time.Until(rec.Expires)
}

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
