package stores

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/session"
)

const (
	// maxPasses bounds how often Copy goes through a store whose sessions keep
	// changing.
	maxPasses = 10

	// maxRefused bounds the errors that Copy keeps about single sessions.
	maxRefused = 20
)

// Copy copies all live sessions of one store to another, with their IDs, owners and
// times, so that visitors keep their cookies. It returns how many of them are in the
// other store then. From must be a [session.Lister]: memstore, redisstore on a client
// that can list, and sqlstore are.
//
// Copy goes through from again until nothing has changed, at most ten times. So a
// session that is changed or ended meanwhile is changed or ended in the copy as well.
// Later changes stay behind: stop the programs that use from before Copy ends.
// Markers of renewed sessions are not copied.
//
// A session that to has already stays as it is there. So Copy can be run again after
// it failed. It must not be run again once programs use to: sessions that they have
// ended would come back.
//
// Sessions that cannot be copied do not stop Copy. The error joins up to 20 of their
// errors: [*session.DecodeError], [*session.EncodeError] and [session.ErrTooLarge].
// Other errors do: [session.ErrUnsupported] if from cannot list, and
// [session.ErrUnavailable].
func Copy[T any](ctx context.Context, from, to session.Store[T]) (int, error) {
	lister, ok := from.(session.Lister[T])
	if !ok {
		return 0, fmt.Errorf("%w: %T cannot list its sessions", session.ErrUnsupported, from)
	}
	c := copier[T]{from: lister, to: to, copies: map[session.ID]twin{}}
	for range maxPasses {
		changed, err := c.pass(ctx)
		if err != nil {
			return c.copied(), session.StoreError(err)
		}
		if !changed {
			break
		}
	}
	return c.copied(), errors.Join(c.refused...)
}

// A copier knows which sessions it has copied.
type copier[T any] struct {
	from    session.Lister[T]
	to      session.Store[T]
	copies  map[session.ID]twin
	refused []error
}

// A twin is a copier's knowledge of one session. Its copy's revision is zero if the
// copier has not written it, or has lost it to another writer.
type twin struct {
	original, copy session.Revision
	expires        time.Time
}

func (c *copier[T]) copied() (n int) {
	for _, t := range c.copies {
		if t.copy != 0 {
			n++
		}
	}
	return n
}

// pass goes through the sessions once. It reports whether something has changed since
// the pass before.
func (c *copier[T]) pass(ctx context.Context) (changed bool, err error) {
	seen := make(map[session.ID]bool)
	for rec, err := range c.from.All(ctx) {
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			if _, known := c.copies[unreadable.ID]; !known {
				c.copies[unreadable.ID] = twin{}
				c.refuse(err)
			}
			seen[unreadable.ID] = true
			continue
		}
		if err != nil {
			return false, err
		}
		seen[rec.ID] = true
		wrote, err := c.write(ctx, &rec)
		if err != nil {
			return false, err
		}
		changed = changed || wrote
	}
	for id, t := range c.copies {
		if !seen[id] {
			if err := c.end(ctx, id, t); err != nil {
				return false, err
			}
			changed = true
		}
	}
	return changed, nil
}

// write makes the copy of a session like it. It reports whether it wrote something.
func (c *copier[T]) write(ctx context.Context, rec *session.Record[T]) (bool, error) {
	t, known := c.copies[rec.ID]
	if known && (t.copy == 0 || t.original == rec.Revision && t.expires.Equal(rec.Expires)) {
		return false, nil
	}
	written := *rec
	written.Revision = t.copy
	switch err := session.StoreError(c.to.Save(ctx, &written)); {
	case err == nil:
		c.copies[rec.ID] = twin{original: rec.Revision, copy: written.Revision, expires: rec.Expires}
	case errors.Is(err, session.ErrUnavailable):
		return false, err
	case errors.Is(err, session.ErrNotFound) && !known: // it has expired meanwhile
		return false, nil
	case errors.Is(err, session.ErrExists), errors.Is(err, session.ErrConflict), errors.Is(err, session.ErrGone), errors.Is(err, session.ErrNotFound):
		c.copies[rec.ID] = twin{} // another writer's
	default:
		c.copies[rec.ID] = twin{}
		c.refuse(err)
	}
	return true, nil
}

// end ends the copy of a session that has ended, unless another writer has changed it.
func (c *copier[T]) end(ctx context.Context, id session.ID, t twin) error {
	delete(c.copies, id)
	if t.copy == 0 {
		return nil
	}
	rec, err := c.to.Load(ctx, id)
	if err == nil && rec.Revision == t.copy {
		err = c.to.Delete(ctx, id)
	}
	if err = session.StoreError(err); errors.Is(err, session.ErrUnavailable) {
		return err
	}
	return nil
}

func (c *copier[T]) refuse(err error) {
	if len(c.refused) < maxRefused {
		c.refused = append(c.refused, err)
	}
}
