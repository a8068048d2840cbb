package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Load returns the record of a session, as [session.Store] says. It is one SELECT.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (session.Record[T], error) {
	rec, _, err := s.Open(ctx, id, anySecrets)
	return rec, err
}

func anySecrets(session.Secrets) bool { return true }

// Open is Load for a visitor, as [session.Opener] says.
func (s *Store[T]) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (rec session.Record[T], copied bool, err error) {
	if err := alive(ctx); err != nil {
		return rec, false, err
	}
	data, expires, err := s.read(ctx, id)
	switch {
	case err != nil:
		return rec, false, session.StoreError(err)
	case data == nil:
		return rec, false, session.ErrNotFound
	}
	rec, err = s.decode(row{id, data, expires}, accepts)
	return rec, false, err
}

// decode reads a stored record. Its time of expiry is in a column, which a touch
// moves.
func (s *Store[T]) decode(r row, accepts func(session.Secrets) bool) (rec session.Record[T], err error) {
	if len(r.record) > s.limit {
		return rec, &session.DecodeError{ID: r.id, Err: s.tooLarge(r.record)}
	}
	rec, err = wire.OpenRecord(r.record, r.id, s.codec, accepts)
	if err != nil {
		return rec, err
	}
	if rec.Expires = time.UnixMilli(r.expires).UTC(); !rec.Deadline.IsZero() && rec.Expires.After(rec.Deadline) {
		rec.Expires = rec.Deadline
	}
	return rec, nil
}

func (s *Store[T]) tooLarge(data []byte) error {
	return fmt.Errorf("%w: it has %d bytes, of at most %d", session.ErrTooLarge, len(data), s.limit)
}

// Save creates or replaces a record, as [session.Store] says. It is one statement, which
// it may share with other callers, and a SELECT if that wrote nothing. A creation
// deletes some rows that have ended now and then.
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	d := draft{id: rec.ID, was: int64(rec.Revision), owner: ownerHash(rec.Owner), expires: rec.Expires.UnixMilli()}
	d.lasts, d.deadline = remaining(rec.Expires), remaining(rec.Deadline)
	if d.lasts = min(d.lasts, d.deadline); d.lasts <= 0 {
		return session.ErrNotFound
	}
	rev := newRevision()
	d.rev = int64(rev)
	data, err := wire.AppendRecord(make([]byte, 0, usualRecord), rec, rev, s.codec)
	if err != nil {
		return err
	}
	if len(data) > s.limit {
		return s.tooLarge(data)
	}
	d.record = data
	if err := s.save(ctx, &d); err != nil {
		return err
	}
	s.wrote(ctx, rec.ID, rec.Revision, rev)
	if rec.Revision == 0 {
		s.debt.Add(1)
	}
	if s.debt.Load() >= pruneBatch/4 && transactionOf(ctx) == nil && s.every == 0 && s.debt.Swap(0) > 0 {
		s.pruneSome(ctx)
	}
	rec.Revision = rev
	return nil
}

// save writes a draft. If that has no effect, it looks why: a reply may have been lost,
// which the revision tells. If only others can be the reason, it writes once more, by
// itself, and waits for them.
func (s *statements) save(ctx context.Context, d *draft) error {
	n, others, failed := s.write(ctx, d)
	for {
		if n > 0 && failed == nil {
			return nil
		}
		stored, err := s.find(ctx, d.id)
		switch {
		case err == nil && int64(stored) == d.rev:
			return nil
		case others && err == nil && int64(stored) == d.was:
			others = false
			n, failed = s.writeAlone(ctx, d)
			continue
		case failed != nil: // the statement may still be on its way
			return session.StoreError(failed)
		case err != nil:
			return session.StoreError(err)
		case stored == 0 && d.was == 0:
			return session.StoreError(errors.New("sqlstore: another session of this ID has ended just now"))
		case stored == 0:
			return session.ErrNotFound
		case d.was == 0:
			return session.ErrExists
		}
		return session.ErrConflict
	}
}

// ready returns why a write cannot begin. In a transaction, the first one joins it.
func (s *statements) ready(ctx context.Context) error {
	if err := alive(ctx); err != nil {
		return err
	}
	return join(ctx)
}

// Touch moves the time at which a record expires, as [session.Store] says.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	left := remaining(expires)
	if left <= 0 {
		return session.ErrNotFound
	}
	n, err := s.exec(ctx, s.touch, left, expires.UnixMilli(), id[:], int64(rev))
	if err != nil || n > 0 {
		return session.StoreError(err)
	}
	// MySQL does not count a row that is as it was.
	return s.why(ctx, id, rev)
}

// why returns why a statement about a revision had no effect, nil if that is there.
func (s *statements) why(ctx context.Context, id session.ID, rev session.Revision) error {
	stored, err := s.find(ctx, id)
	switch {
	case err != nil:
		return session.StoreError(err)
	case stored == 0:
		return session.ErrNotFound
	case stored != rev:
		return session.ErrConflict
	}
	return nil
}

// Delete ends a session, as [session.Store] says. It deletes a record that cannot
// be read like any other.
func (s *Store[T]) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	text, args := s.delete, []any{id[:], int64(rev)}
	if rev == 0 {
		text, args = s.deleteAny, args[:1]
	}
	n, err := s.exec(ctx, text, args...)
	if err != nil || n > 0 {
		if err == nil {
			s.wrote(ctx, id, cmp.Or(rev, newRevision()), 0)
		}
		return session.StoreError(err)
	}
	if err := s.why(ctx, id, rev); err != nil && (rev != 0 || !errors.Is(err, session.ErrConflict)) {
		return err
	}
	return session.StoreError(errors.New("sqlstore: the session was created while it was deleted"))
}

// Exists reports whether there is a live record, as [session.Store] says. One that
// cannot be read counts as live.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	rev, err := s.find(ctx, id)
	return rev != 0, session.StoreError(err)
}

// newRevision returns a revision that no other write has.
func newRevision() session.Revision {
	for {
		if rev := session.Revision(rand.Uint64()); rev != 0 {
			return rev
		}
	}
}
