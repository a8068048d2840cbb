package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// maxSkew is how far the clocks of an application's servers may differ. A log-in that is
// further in the future was noted by a wrong clock, and counts as the oldest.
const maxSkew = time.Minute

// limited returns the index of a store in which the owner's sessions are bounded.
func (c *commit[T]) limited(owner string) (Indexer[T], bool) {
	index, ok := c.s.store.(Indexer[T])
	return index, ok && c.s.policy.MaxPerOwner > 0 && owner != ""
}

// orderLogIn puts a log-in that is about to be stored after the owner's others, also
// when this node's clock is a little behind: the newest session must not be taken for
// the oldest.
func (c *commit[T]) orderLogIn(ctx context.Context, rec *Record[T]) {
	index, limited := c.limited(rec.Owner)
	if !limited || c.s.policy.AtMax == RefuseLogIn || rec.LoggedIn.Equal(c.base.LoggedIn) {
		return
	}
	latest := rec.LoggedIn.Add(maxSkew)
	for other, err := range OutlinesByOwner(ctx, index, rec.Owner) {
		if err == nil && other.ID != rec.ID && !rec.LoggedIn.After(other.LoggedIn) && other.LoggedIn.Before(latest) {
			rec.LoggedIn = other.LoggedIn.Add(time.Millisecond)
		}
	}
}

// enforceMax ends the owner's oldest sessions if the commit has logged in one too many.
// A failure does not undo a log-in; the next one tries again.
func (c *commit[T]) enforceMax(ctx context.Context, before *Record[T]) {
	owner := c.base.Owner
	index, limited := c.limited(owner)
	if !limited || c.s.policy.AtMax == RefuseLogIn || before.Revision != 0 && c.base.LoggedIn.Equal(before.LoggedIn) {
		return
	}
	all, newer, err := readable(ctx, index, owner)
	if err != nil {
		c.step(Event{Kind: EventFailed, ID: c.base.ID, Owner: owner, Err: err})
		return
	}
	// Parallel log-ins agree on this order, so that they do not end each other.
	latest := now().Add(maxSkew)
	slices.SortFunc(all, func(a, b Record[T]) int {
		return cmp.Or(logInOrder(&a, latest).Compare(logInOrder(&b, latest)), bytes.Compare(a.ID[:], b.ID[:]))
	})
	excess := len(all) + newer - c.s.policy.MaxPerOwner
	for _, rec := range all[:max(0, min(excess, len(all)-1))] {
		c.revoke(ctx, rec.ID, owner)
	}
}

func logInOrder[T any](rec *Record[T], latest time.Time) time.Time {
	if rec.LoggedIn.After(latest) {
		return time.Time{}
	}
	return rec.LoggedIn
}

// readable returns the owner's sessions that can be read, and counts the sessions of a
// newer version: their age is unknown.
func readable[T any](ctx context.Context, index Indexer[T], owner string) (all []Record[T], newer int, err error) {
	for rec, err := range OutlinesByOwner(ctx, index, owner) {
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

// revoke ends a session that is still the owner's.
func (c *commit[T]) revoke(ctx context.Context, id ID, owner string) {
	e := Event{Kind: EventRevoked, ID: id, Owner: owner, Reason: ReasonMaxPerOwner}
	_, e.Err = EndIf(ctx, c.s.store, c.s.policy, id, e.Reason, func(rec *Record[T]) bool { return rec.Owner == owner })
	switch {
	case errors.Is(e.Err, ErrNotFound):
		return
	case e.Err != nil:
		e.Kind, e.Reason = failureKind(e.Err), ""
	}
	c.step(e)
}
