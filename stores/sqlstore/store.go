package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// Load returns the record of a session, as [session.Store] says. It is one SELECT.
func (s *Store[T]) Load(ctx context.Context, id session.ID) (rec session.Record[T], err error) {
	if err := alive(ctx); err != nil {
		return rec, err
	}
	var data, successor []byte
	var expires int64
	found, err := s.load.queryRow(ctx, id[:], &data, &successor, &expires)
	switch {
	case err != nil:
		return rec, unavailable(err)
	case !found:
		return rec, session.ErrNotFound
	case data == nil:
		return rec, retired(id, successor)
	}
	return s.decode(data, id, expires)
}

// retired returns the error for a marker.
func retired(id session.ID, successor []byte) error {
	err := &session.RetiredError{ID: id}
	copy(err.Successor[:], successor)
	return err
}

// decode reads a stored record. Its time of expiry is in a column, which a touch
// moves.
func (s *Store[T]) decode(data []byte, id session.ID, expires int64) (rec session.Record[T], err error) {
	if len(data) > s.limit {
		return rec, &session.DecodeError{ID: id, Err: s.tooLarge(data)}
	}
	rec, err = wire.DecodeRecord(data, id, s.codec)
	if err != nil {
		return rec, err
	}
	if rec.Expires = time.UnixMilli(expires).UTC(); !rec.Deadline.IsZero() && rec.Expires.After(rec.Deadline) {
		rec.Expires = rec.Deadline
	}
	return rec, nil
}

func (s *Store[T]) tooLarge(data []byte) error {
	return fmt.Errorf("%w: it has %d bytes, of at most %d", session.ErrTooLarge, len(data), s.limit)
}

// Save creates or replaces a record, as [session.Store] says. It is one statement,
// and a SELECT if that wrote nothing. A creation deletes some rows that have ended
// now and then.
func (s *Store[T]) Save(ctx context.Context, rec *session.Record[T]) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	ends := remaining(rec.Expires)
	if !rec.Deadline.IsZero() {
		ends = min(ends, remaining(rec.Deadline))
	}
	if ends <= 0 {
		return session.ErrNotFound
	}
	rev := newRevision()
	data, err := wire.AppendRecord(make([]byte, 0, usualRecord), rec, rev, s.codec)
	if err != nil {
		return err
	}
	if len(data) > s.limit {
		return s.tooLarge(data)
	}
	row := append(make([]any, 0, 8), int64(rev), ownerHash(rec.Owner), ends, remaining(rec.Deadline), rec.Expires.UnixMilli(), data)
	var n int64
	if rec.Revision == 0 {
		n, err = s.create(ctx, rec.ID, row)
	} else {
		n, err = s.replace.exec(ctx, append(row, rec.ID[:], int64(rec.Revision))...)
	}
	if err == nil && n == 0 || err != nil {
		err = s.whyNotSaved(ctx, rec, rev, err)
	}
	if err != nil {
		return err
	}
	if rec.Revision == 0 && rand.N(pruneBatch/4) == 0 && transactionOf(ctx) == nil {
		s.prune.exec(ctx) // others come: a failure needs no handling
	}
	rec.Revision = rev
	return nil
}

// create inserts a row, or replaces one that has ended. It reports how many rows it
// wrote. A row that has ended may be pruned before it is replaced: then create inserts
// again.
func (s *statements) create(ctx context.Context, id session.ID, row []any) (n int64, err error) {
	for range 3 {
		n, err = s.insert.exec(ctx, append([]any{id[:]}, row...)...)
		if s.revive.text == "" || !duplicate(err) {
			return n, err
		}
		if n, err = s.revive.exec(ctx, append(row, id[:])...); n > 0 || err != nil {
			return n, err
		}
	}
	return n, err
}

// whyNotSaved returns why Save wrote nothing, or nil if it did after all: a reply
// may have been lost. The revision tells.
func (s *Store[T]) whyNotSaved(ctx context.Context, rec *session.Record[T], rev session.Revision, failed error) error {
	stored, successor, found, err := s.look(ctx, rec.ID)
	switch {
	case err == nil && found && successor == nil && stored == rev:
		return nil
	case failed != nil: // the statement may still be on its way
		return unavailable(failed)
	case err != nil:
		return unavailable(err)
	case !found:
		return s.absent(rec)
	case successor != nil:
		return session.ErrGone
	case rec.Revision == 0:
		return session.ErrExists
	}
	return session.ErrConflict
}

// absent returns why a record was not saved whose ID is absent. A creation finds it
// so if another row was there when it was made, and has ended since.
func (s *Store[T]) absent(rec *session.Record[T]) error {
	if rec.Revision == 0 {
		return unavailable(errors.New("sqlstore: another session of this ID has ended just now"))
	}
	return session.ErrNotFound
}

// look returns the row that a statement without effect may have found.
func (s *statements) look(ctx context.Context, id session.ID) (rev session.Revision, successor []byte, found bool, err error) {
	var stored int64
	found, err = s.why.queryRow(ctx, id[:], &stored, &successor)
	return session.Revision(stored), successor, found, err
}

// ready returns why a write cannot begin. In a transaction, the first one joins it.
func (s *statements) ready(ctx context.Context) error {
	if err := alive(ctx); err != nil {
		return err
	}
	return s.join(ctx)
}

// Touch moves the time at which a record expires, as [session.Store] says.
func (s *Store[T]) Touch(ctx context.Context, id session.ID, expires time.Time) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	left := remaining(expires)
	if left <= 0 {
		return session.ErrNotFound
	}
	n, err := s.touch.exec(ctx, left, expires.UnixMilli(), id[:])
	if err != nil || n > 0 {
		return unavailable(err)
	}
	// MySQL does not count a row that is as it was.
	_, successor, found, err := s.look(ctx, id)
	return outcome(found, successor, err)
}

// outcome returns the error of a statement whose row is as given.
func outcome(found bool, successor []byte, err error) error {
	switch {
	case err != nil:
		return unavailable(err)
	case !found:
		return session.ErrNotFound
	case successor != nil:
		return session.ErrGone
	}
	return nil
}

// Retire replaces a record by a marker, as [session.Store] says. If until has
// passed there is nothing to mark: the ID is absent at once.
func (s *Store[T]) Retire(ctx context.Context, id session.ID, rev session.Revision, successor session.ID, until time.Time) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	n, err := s.retire.exec(ctx, int64(newRevision()), max(0, remaining(until)), successor[:], id[:], int64(rev))
	if err == nil && n > 0 {
		return nil
	}
	_, marked, found, lookErr := s.look(ctx, id)
	switch {
	case lookErr == nil && found && string(marked) == string(successor[:]):
		return nil
	case err != nil:
		return unavailable(err)
	case lookErr == nil && found && marked == nil:
		return session.ErrConflict
	}
	return outcome(found, marked, lookErr)
}

// Delete ends a session, as [session.Store] says. It deletes a record that cannot
// be read like any other.
func (s *Store[T]) Delete(ctx context.Context, id session.ID) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	n, err := s.delete.exec(ctx, id[:])
	if err != nil || n > 0 {
		return unavailable(err)
	}
	_, successor, found, err := s.look(ctx, id)
	if err == nil && found && successor == nil { // created since
		return unavailable(errors.New("sqlstore: the session was created while it was deleted"))
	}
	return outcome(found, successor, err)
}

// Exists reports whether there is a live record, as [session.Store] says. One that
// cannot be read counts as live.
func (s *Store[T]) Exists(ctx context.Context, id session.ID) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	var one int
	found, err := s.exists.queryRow(ctx, id[:], &one)
	return found, unavailable(err)
}

// Prune deletes the rows that have ended, and returns how many. Creations delete
// some now and then; Prune is for a program that wants to do it at an hour of its
// own. It deletes a few at a time, so that it blocks no other statement for long.
func (s *Store[T]) Prune(ctx context.Context) (deleted int64, err error) {
	for {
		n, err := s.prune.exec(ctx)
		deleted += n
		if err != nil || n < pruneBatch {
			return deleted, unavailable(err)
		}
	}
}

// newRevision returns a revision that no other write has.
func newRevision() session.Revision {
	for {
		if rev := session.Revision(rand.Uint64()); rev != 0 {
			return rev
		}
	}
}
