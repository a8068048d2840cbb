package kvstore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Save creates or replaces a record, as [session.Store] says. It is one Get and one
// Swap. A record that is new, or gets another owner or deadline, takes a Get and a Swap
// more, for its owner's note.
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if rec.Ended(time.Now()) {
		return session.ErrNotFound
	}
	rev := newRevision()
	data, err := wire.AppendRecord(nil, rec, rev, s.codec)
	if err != nil {
		return err
	}
	if len(data) > s.limit {
		return fmt.Errorf("%w: it has %d bytes, of at most %d", session.ErrTooLarge, len(data), s.limit)
	}
	return s.change(ctx, rec.ID, func(found *stored) error {
		if err := refuse(found, rec.Revision); err != nil {
			return err
		}
		if rec.Owner != "" && s.lister != nil && needsNote(found, rec.Owner, rec.Deadline) {
			if err := s.putNote(ctx, rec.Owner, rec.ID, rec.Deadline); err != nil {
				return err
			}
		}
		forget := s.forgetting(ctx, rec.ID, found, rec.Owner)
		err := s.swap(ctx, rec.ID, found, data, endOf(rec.Expires, rec.Deadline), func(now *stored) bool { return now.revision() == rev })
		if err != nil {
			return err
		}
		rec.Revision = rev
		forget()
		return nil
	})
}

// newRevision returns a revision that no other write has.
func newRevision() session.Revision {
	return session.Revision(rand.Uint64N(uint64(unread)-1) + 1)
}

// refuse returns why a record with this revision cannot be saved over the one found.
func refuse(found *stored, rev session.Revision) error {
	switch {
	case !found.live() && rev != 0:
		return session.ErrNotFound
	case found.live() && rev == 0:
		return session.ErrExists
	case found.live() && found.revision() != rev:
		return session.ErrConflict
	}
	return nil
}

// Touch moves the time at which a record expires, as [session.Store] says. It is one
// Get and one Swap.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return s.change(ctx, id, func(found *stored) error {
		switch {
		case !found.live() || !expires.After(time.Now()):
			return session.ErrNotFound
		case found.revision() != rev || found.err != nil:
			return session.ErrConflict
		}
		end := endOf(expires, found.header.Deadline)
		data := bytes.Clone(found.data)
		wire.AppendExpires(data[:atExpires], end)
		return s.swap(ctx, id, found, data, end, func(now *stored) bool { return bytes.Equal(now.data, data) })
	})
}

// atExpires is where a record has its time of expiry: see [wire.AppendExpires].
const atExpires = 10

// Delete ends a session, as [session.Store] says. It is one Get and one Swap, and a Get
// and a Swap more for its owner's note.
func (s *Store[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return s.change(ctx, id, func(found *stored) error {
		switch {
		case !found.live():
			return session.ErrNotFound
		case rev != 0 && (found.revision() != rev || found.err != nil):
			return session.ErrConflict
		}
		forget := s.forgetting(ctx, id, found, "")
		err := s.swap(ctx, id, found, nil, time.Time{}, func(now *stored) bool { return !now.live() })
		if err == nil {
			forget()
		}
		return err
	})
}

// errAgain means that another writer was first.
type errAgain struct{}

func (errAgain) Error() string { return "kvstore: another writer was first" }

// change looks at what there is of a session, and lets try change it. If another writer
// was first, it looks again.
func (s *Store[T]) change(ctx context.Context, id session.ID, try func(*stored) error) error {
	for {
		found, err := s.get(ctx, id)
		if err == nil {
			err = try(&found)
		}
		if err != (errAgain{}) {
			return err
		}
	}
}

// swap replaces the value found. If the reply is lost, mine tells whether what there is
// now is the outcome of this call.
func (s *Store[T]) swap(ctx context.Context, id session.ID, found *stored, data []byte, end time.Time, mine func(*stored) bool) error {
	swapped, err := s.backend.Swap(ctx, s.record(id), found.version, data, end)
	if swapped || err != nil {
		s.watchers.Changed(id)
	}
	if err != nil {
		if now, failed := s.get(ctx, id); failed == nil && mine(&now) {
			return nil
		}
		return unavailable(err)
	}
	if !swapped {
		return errAgain{}
	}
	return nil
}
