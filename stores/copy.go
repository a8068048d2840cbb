package stores

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
)

const (
	// maxPasses bounds how often Copy goes through a store whose sessions keep
	// changing.
	maxPasses = 10

	// maxReported bounds the errors that Copy returns about single sessions.
	maxReported = 20
)

// ErrDiffers means that the destination of a copy does not hold the same sessions as the
// source.
var ErrDiffers = errors.New("stores: the copy differs")

// Copy copies all live sessions of one store to another, with their IDs, secrets, owners
// and times, so that visitors keep their cookies, and the notes of sessions that have
// ended. It returns how many sessions are then the same in both stores. Notes do not
// count. From must be a [session.Lister]: memstore, redisstore on a client that can list,
// and sqlstore are.
//
// Copy goes through from again until nothing has changed, at most ten times. So a session
// that is changed or ended during the copy is changed or ended in the destination as
// well. Later changes stay behind. So copy once while programs use from, which takes most
// of the time, stop them, and copy again.
//
// Of two states of one session, Copy keeps the one that was used last. It ends no session
// that it has not seen in from. Once programs use the destination, do not run Copy again.
//
// The error is nil if to has the same sessions as from, and no others as far as to can be
// listed. Otherwise it joins up to 20 errors about single sessions, which do not stop
// Copy: [*session.DecodeError], [*session.EncodeError], [session.ErrTooLarge] and
// [ErrDiffers]. Sessions that only to has are reported too: they may have been ended in
// from after an earlier Copy. To get rid of them, empty to and copy again.
//
// Other errors stop Copy: [session.ErrUnsupported] if from cannot list, and
// [session.ErrUnavailable].
func Copy[T any](ctx context.Context, from, to session.Store[T]) (int, error) {
	lister, ok := from.(session.Lister[T])
	if !ok {
		return 0, fmt.Errorf("%w: %T cannot list its sessions", session.ErrUnsupported, from)
	}
	c := copier[T]{from: from, list: lister, to: to, twins: map[session.ID]*twin{}}
	return c.report(c.run(ctx))
}

// A copier knows which sessions it has seen.
type copier[T any] struct {
	from  session.Store[T]
	list  session.Lister[T]
	to    session.Store[T]
	pass  int
	twins map[session.ID]*twin
}

// A twin is a copier's knowledge of one session that lives in from.
type twin struct {
	seen     int              // the pass in which it was
	original session.Revision // that was last copied, or could not be
	expires  time.Time        // of that
	copy     session.Revision // of what to has of it; zero for nothing, or for another's
	err      error            // why to does not hold the same; nil if it does
	note     bool             // it is not a session
}

// run goes through the sessions until nothing changes, and compares.
func (c *copier[T]) run(ctx context.Context) error {
	for c.pass = 1; c.pass <= maxPasses; c.pass++ {
		changed, err := c.copyAll(ctx)
		if err != nil {
			return err
		}
		if !changed {
			return c.compare(ctx)
		}
	}
	return fmt.Errorf("%w: sessions kept changing; stop the programs that use them, and copy again", ErrDiffers)
}

// copyAll goes through the sessions once. It reports whether something has changed
// since the pass before.
func (c *copier[T]) copyAll(ctx context.Context) (changed bool, err error) {
	for rec, err := range c.list.All(ctx) {
		id, update := rec.ID, c.update
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			id, update = unreadable.ID, func(_ context.Context, t *twin, _ *session.Record[T]) (bool, error) {
				return unreadableNow(t, err), nil
			}
		} else if err != nil {
			return false, session.StoreError(err)
		}
		t := c.twins[id]
		if t == nil {
			t = new(twin)
			c.twins[id] = t
		}
		t.seen, t.note = c.pass, err == nil && rec.IsNote()
		did, err := update(ctx, t, &rec)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	for id, t := range c.twins {
		if t.seen == c.pass {
			continue
		}
		delete(c.twins, id)
		if t.copy != 0 {
			if changed, err = true, c.end(ctx, id, t.copy); err != nil {
				return false, err
			}
		}
	}
	return changed, nil
}

// unreadableNow notes that a session cannot be read. It reports whether that is new.
func unreadableNow(t *twin, err error) bool {
	_, known := errors.AsType[*session.DecodeError](t.err)
	t.original, t.err = 0, err
	return !known
}

// update makes the copy of a session like it. It reports whether that was necessary.
func (c *copier[T]) update(ctx context.Context, t *twin, rec *session.Record[T]) (bool, error) {
	if t.original == rec.Revision && t.expires.Equal(rec.Expires) {
		return false, nil
	}
	t.original, t.expires = rec.Revision, rec.Expires
	written := *rec
	written.Revision = t.copy
	err := session.StoreError(c.to.Save(ctx, &written))
	switch {
	case err == nil:
		t.copy, t.err = written.Revision, nil
	case errors.Is(err, session.ErrUnavailable):
		return false, err
	case errors.Is(err, session.ErrExists), errors.Is(err, session.ErrConflict):
		return true, c.adopt(ctx, t, rec)
	case errors.Is(err, session.ErrNotFound) && t.copy != 0 && !rec.Ended(time.Now()):
		t.copy, t.err = 0, differs(rec.ID, "another program has ended the copy")
	case errors.Is(err, session.ErrNotFound): // it has expired; the next pass ends an earlier copy
		t.err = nil
	default:
		t.err = err
	}
	return true, nil
}

// adopt compares a session with the one that another writer has put into to, and
// replaces that if it was used earlier.
func (c *copier[T]) adopt(ctx context.Context, t *twin, rec *session.Record[T]) error {
	t.copy = 0
	present, err := c.to.Load(ctx, rec.ID)
	switch {
	case errors.Is(err, session.ErrNotFound):
		t.original, t.err = 0, nil // it has ended; the next pass tries again
		return nil
	case err != nil:
		if err = session.StoreError(err); errors.Is(err, session.ErrUnavailable) {
			return err
		}
		t.err = err
		return nil
	case same(rec, &present):
		t.copy, t.err = present.Revision, nil
		return nil
	case !present.Created.Equal(rec.Created) || !present.Expires.Before(rec.Expires):
		t.err = differs(rec.ID, "it is another one there, or was used there last")
		return nil
	}
	t.original, t.copy = 0, present.Revision // the next pass replaces it
	return nil
}

// same reports whether two records are alike except for their revisions.
func same[T any](a, b *session.Record[T]) bool {
	return a.Secrets == b.Secrets && a.Owner == b.Owner && a.Remembered == b.Remembered &&
		a.Created.Equal(b.Created) && a.Renewed.Equal(b.Renewed) && a.LoggedIn.Equal(b.LoggedIn) &&
		a.Deadline.Equal(b.Deadline) && a.Expires.Equal(b.Expires) && sameValue(&a.Value, &b.Value)
}

// sameValue compares values in the form that codecs return, because a store in memory
// keeps them in another.
func sameValue[T any](a, b *T) bool {
	plan := deep.Of[T]()
	a, b = plan.Copy(a), plan.Copy(b)
	plan.Normalize(a)
	plan.Normalize(b)
	return plan.Equal(a, b)
}

// end ends the copy of a session that has ended, unless another writer has changed it.
func (c *copier[T]) end(ctx context.Context, id session.ID, rev session.Revision) error {
	err := session.StoreError(c.to.Delete(ctx, id, rev))
	if errors.Is(err, session.ErrUnavailable) {
		return err
	}
	return nil
}

// compare notes the sessions that differ in to from their copies.
func (c *copier[T]) compare(ctx context.Context) error {
	lister, ok := c.to.(session.Lister[T])
	if !ok {
		return c.compareEach(ctx)
	}
	c.pass++
	for rec, err := range lister.All(ctx) {
		id := rec.ID
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			id = unreadable.ID
		} else if err != nil {
			return session.StoreError(err)
		}
		t := c.twins[id]
		switch {
		case t == nil:
			t = &twin{err: differs(id, "only the copy has it")}
			c.twins[id] = t
		case t.err == nil && err != nil:
			t.err = err
		case t.err == nil:
			t.err = t.compare(id, rec.Revision, rec.Expires)
		}
		t.seen = c.pass
	}
	return c.missing(ctx, func(t *twin) bool { return t.seen < c.pass })
}

// compareEach is compare for stores that cannot be listed.
func (c *copier[T]) compareEach(ctx context.Context) error {
	for id, t := range c.twins {
		if t.err != nil || t.copy == 0 {
			continue
		}
		switch rec, err := c.to.Load(ctx, id); {
		case errors.Is(err, session.ErrNotFound):
			t.copy = 0
		case err != nil:
			if err = session.StoreError(err); errors.Is(err, session.ErrUnavailable) {
				return err
			}
			t.err = err
		default:
			t.err = t.compare(id, rec.Revision, rec.Expires)
		}
	}
	return c.missing(ctx, func(t *twin) bool { return t.copy == 0 })
}

// compare returns how a session in to differs from what Copy wrote.
func (t *twin) compare(id session.ID, rev session.Revision, expires time.Time) error {
	if t.copy != rev || !t.expires.Equal(expires) {
		return differs(id, "another program has used the copy")
	}
	return nil
}

// missing notes the sessions that to lacks, unless they have ended in from too.
func (c *copier[T]) missing(ctx context.Context, lacks func(*twin) bool) error {
	for id, t := range c.twins {
		if t.err != nil || !lacks(t) {
			continue
		}
		switch live, err := c.from.Exists(ctx, id); {
		case err != nil:
			return session.StoreError(err)
		case live:
			t.err = differs(id, "the copy lacks it")
		default:
			delete(c.twins, id)
		}
	}
	return nil
}

func differs(id session.ID, how string) error {
	return fmt.Errorf("%w: session %s: %s", ErrDiffers, id, how)
}

// report returns how many sessions are the same in both stores, and an error about the
// others.
func (c *copier[T]) report(err error) (same int, _ error) {
	errs, more := []error{err}, 0
	for _, t := range c.twins {
		switch {
		case t.note && t.err == nil:
		case t.err == nil && t.copy != 0:
			same++
		case t.err != nil && len(errs) <= maxReported:
			errs = append(errs, t.err)
		case t.err != nil:
			more++
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("%w: so do %d more", ErrDiffers, more))
	}
	return same, errors.Join(errs...)
}
