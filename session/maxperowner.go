package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// limitsOwner reports whether the number of the owner's sessions is bounded.
func (c *commit[T]) limitsOwner(owner string) (Indexer[T], bool) {
	index, ok := c.s.store.(Indexer[T])
	return index, ok && c.s.policy.MaxPerOwner > 0 && owner != ""
}

// renewedAt returns the time of renewal for a record that is to be stored. With
// a bound it is later than those of the owner's other sessions, also when this
// node's clock is behind: the newest session must not be taken for the oldest.
func (c *commit[T]) renewedAt(ctx context.Context, owner string, at time.Time) time.Time {
	index, limited := c.limitsOwner(owner)
	if !limited {
		return at
	}
	return afterOthers(ctx, index, owner, c.base.ID, at)
}

// afterOthers returns the given time, or the first one after those at which the
// owner's sessions but one were renewed.
func afterOthers[T any](ctx context.Context, index Indexer[T], owner string, but ID, at time.Time) time.Time {
	for rec, err := range index.ByOwner(ctx, owner) {
		if err == nil && rec.ID != but && !at.After(rec.Renewed) {
			at = rec.Renewed.Add(time.Millisecond)
		}
	}
	return at
}

// enforceMax ends the owner's oldest sessions if the commit has stored a new one
// that is one too many. A failure does not undo a log-in; the next one tries again.
func (c *commit[T]) enforceMax(ctx context.Context) {
	owner := c.base.Owner
	index, limited := c.limitsOwner(owner)
	if !limited || c.did != create && c.did != renew {
		return
	}
	all, newer, err := readable(ctx, index, owner)
	if err != nil {
		c.step(Event{Kind: EventFailed, ID: c.base.ID, Owner: owner, Err: err})
		return
	}
	// Parallel log-ins agree on this order, so that they do not end each other.
	slices.SortFunc(all, func(a, b Record[T]) int {
		return cmp.Or(a.Renewed.Compare(b.Renewed), bytes.Compare(a.ID[:], b.ID[:]))
	})
	excess := len(all) + newer - c.s.policy.MaxPerOwner
	for _, rec := range all[:max(0, min(excess, len(all)-1))] {
		c.revoke(ctx, rec.ID, owner)
	}
}

// readable returns the owner's sessions that can be read, and counts those of a
// newer version: their age is unknown.
func readable[T any](ctx context.Context, index Indexer[T], owner string) (all []Record[T], newer int, err error) {
	for rec, err := range index.ByOwner(ctx, owner) {
		if errors.Is(err, ErrNewer) {
			newer++
		}
		if _, unreadable := errors.AsType[*DecodeError](err); unreadable {
			continue
		}
		if err != nil {
			return nil, 0, StoreError(err)
		}
		all = append(all, rec)
	}
	return all, newer, nil
}

func (c *commit[T]) revoke(ctx context.Context, id ID, owner string) {
	e := Event{Kind: EventRevoked, ID: id, Owner: owner}
	switch e.Err = StoreError(c.s.store.Delete(ctx, id)); {
	case errors.Is(e.Err, ErrNotFound):
		return
	case e.Err != nil:
		e.Kind = failureKind(e.Err)
	}
	c.step(e)
}
