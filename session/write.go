package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// retiredFor is how long the marker of a renewed session stays: as long as a
	// browser's parallel requests may be late, and no longer than a person who
	// lost the answer needs to try again.
	retiredFor = 10 * time.Second

	// grace is what cleaning up may take when the caller's time has run out.
	grace = 25 * time.Millisecond
)

// write makes one try to store the changes.
func (c *commit[T]) write(ctx context.Context) error {
	c.attempts++
	c.seen = now()
	rec := c.record()
	over := func() bool { return c.pending.deadline != nil && rec.Expired(now()) }
	if over() {
		return c.expire(ctx)
	}
	err := c.put(ctx, rec)
	if errors.Is(err, ErrNotFound) && over() { // the end came meanwhile
		return c.expire(ctx)
	}
	return err
}

// put stores the record that the changes make.
func (c *commit[T]) put(ctx context.Context, rec *Record[T]) error {
	switch {
	case rec.Expired(now()):
		return ErrNotFound
	case c.late && (c.isNew() || c.renews() || c.persistChanges() || c.extends()):
		return ErrLate
	case c.renews():
		return c.renew(ctx, rec)
	case c.isNew():
		return c.create(ctx, rec)
	}
	if err := c.s.store.Save(ctx, rec); err != nil {
		return err
	}
	c.saved(ctx, EventSaved, rec)
	return nil
}

// record returns what is to be stored: the base with the changes. Its value is a
// copy of its own, so that nothing that an edit kept hold of leads into the store.
func (c *commit[T]) record() *Record[T] {
	at, rec := now(), *c.base
	rec.Value = *c.s.plan.Copy(c.value)
	c.s.plan.Normalize(&rec.Value)
	rec.Owner = ownerOf(&rec.Value)
	if c.isNew() {
		rec.Created, rec.Renewed, rec.Persist = at, at, !c.s.policy.BrowserSession
	}
	if c.isNew() || rec.Owner != c.base.Owner {
		rec.Deadline = at.Add(c.s.policy.lifetime())
	}
	if c.pending.deadline != nil {
		rec.Deadline = *c.pending.deadline
	}
	if c.pending.persist != nil {
		rec.Persist = *c.pending.persist
	}
	rec.Expires = c.s.policy.expires(at, rec.Deadline)
	return &rec
}

func (c *commit[T]) create(ctx context.Context, rec *Record[T]) error {
	c.next = NewToken()
	rec.ID = c.next.ID()
	if err := c.s.store.Save(ctx, rec); err != nil {
		return err
	}
	c.saved(ctx, EventCreated, rec)
	c.token, c.next = c.next, Token{}
	c.enforceMax(ctx)
	return nil
}

// renew stores the record under a new ID and then retires the old one. Only
// when both are done does the new token count. If another request changes the
// old record in between, write is tried again, with nextRev now set.
func (c *commit[T]) renew(ctx context.Context, rec *Record[T]) error {
	if c.next.IsZero() {
		c.next = NewToken()
	}
	rec.ID, rec.Revision = c.next.ID(), c.nextRev
	rec.Renewed = now()
	if err := c.s.store.Save(ctx, rec); err != nil {
		if errors.Is(err, ErrConflict) { // nobody else knows this ID
			return ErrGone
		}
		return err
	}
	c.nextRev = rec.Revision
	if err := c.s.store.Retire(ctx, c.base.ID, c.base.Revision, rec.ID, now().Add(retiredFor)); err != nil {
		return err
	}
	c.saved(ctx, EventRenewed, rec)
	c.token, c.next = c.next, Token{}
	c.enforceMax(ctx)
	return nil
}

// undo deletes a record whose token will not be handed out: its creation failed,
// so that it is not known whether it is there, or the renewal did for which it
// was made.
func (c *commit[T]) undo(ctx context.Context) {
	if c.next.IsZero() {
		return
	}
	if ctx.Err() != nil {
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		ctx = short
	}
	// If this fails too, what stays is a session that nobody has the token of.
	c.s.store.Delete(ctx, c.next.ID())
}

// expire ends a session whose end was set to a time that has passed.
func (c *commit[T]) expire(ctx context.Context) error {
	if !c.isNew() {
		if err := c.s.delete(ctx, c.base.ID); err != nil {
			return err
		}
		c.s.policy.observe(ctx, Event{Kind: EventDestroyed, ID: c.base.ID, Owner: c.base.Owner, Duration: c.s.policy.since(c.start)})
	}
	c.rebase(new(Record[T]))
	c.token = Token{}
	return nil
}

// saved reports what was written and makes it the base.
func (c *commit[T]) saved(ctx context.Context, kind EventKind, rec *Record[T]) {
	if c.s.policy.Observe != nil {
		c.s.policy.observe(ctx, Event{Kind: kind, ID: rec.ID, Owner: rec.Owner, Attempts: c.attempts,
			Changes: c.s.plan.Changes(&c.base.Value, &rec.Value), Duration: c.s.policy.since(c.start)})
	}
	c.rebase(rec)
}

// enforceMax ends the owner's oldest sessions if this one is one too many. That
// it fails does not undo a log-in; the next one tries again.
func (c *commit[T]) enforceMax(ctx context.Context) {
	index, ok := c.s.store.(Indexer[T])
	if c.s.policy.MaxPerOwner <= 0 || c.base.Owner == "" || !ok {
		return
	}
	var all []Record[T]
	for rec, err := range index.ByOwner(ctx, c.base.Owner) {
		if _, unreadable := errors.AsType[*DecodeError](err); unreadable {
			continue // nobody can use it
		}
		if err != nil {
			c.s.policy.observe(ctx, Event{Kind: EventFailed, ID: c.base.ID, Owner: c.base.Owner, Err: StoreError(err)})
			return
		}
		all = append(all, rec)
	}
	// In an order on which parallel log-ins agree, so that they do not end each other.
	slices.SortFunc(all, func(a, b Record[T]) int {
		return cmp.Or(a.Renewed.Compare(b.Renewed), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, rec := range all[:max(0, len(all)-c.s.policy.MaxPerOwner)] {
		e := Event{Kind: EventRevoked, ID: rec.ID, Owner: rec.Owner}
		if e.Err = StoreError(c.s.store.Delete(ctx, rec.ID)); e.Err != nil && !errors.Is(e.Err, ErrNotFound) {
			e.Kind = kindOf(e.Err)
		}
		c.s.policy.observe(ctx, e)
	}
}
