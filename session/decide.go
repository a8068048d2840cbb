package session

import "time"

// An action is a commit's work on the store.
type action int

const (
	leave  action = iota // nothing
	verify               // load the record again, since it may be out of date
	touch                // move the idle end
	expire               // end the session, whose deadline has passed
	create               // store a new session
	save                 // replace the record
	renew                // store the record under a new ID and retire the old one
)

// decide returns the action of the commit, or why there can be none. It does no I/O.
func (c *commit[T]) decide(now time.Time) (action, error) {
	switch {
	case c.draft.err != nil:
		return leave, &EncodeError{c.base.ID, c.draft.err}
	case c.gone && c.changes():
		return leave, ErrGone
	case c.gone:
		return leave, nil
	case !c.changes() && c.cached && !c.isNew() && c.draft.demands():
		return verify, nil
	case !c.changes() && c.touchDue:
		return touch, nil
	case !c.changes():
		return leave, nil
	case c.deadlinePassed(now):
		return expire, nil
	case c.isNew() && c.late:
		return create, ErrLate
	case c.isNew():
		return create, nil
	case c.renews() && c.late:
		return renew, ErrLate
	case c.renews():
		return renew, nil
	}
	return save, nil
}

// changes reports whether there is something to store. After an attempt whose
// outcome is unknown there always is: the store may hold the earlier value.
func (c *commit[T]) changes() bool {
	d := c.draft
	switch {
	case d.logIn, !c.s.plan.Equal(&c.base.Value, c.value):
		return true
	case c.gone:
		return d.renew || d.persist != nil || d.deadline != nil
	case c.isNew(): // a session without a value is not worth keeping
		return false
	}
	return d.outcomeUnknown || d.renew || c.persistChanges() ||
		d.deadline != nil && !d.deadline.Equal(c.base.Deadline)
}

// renews reports whether the stored session needs a new token. It does whenever
// its cookie must change: a cookie that was sent again for the same token could
// overwrite the cookie of a log-in in another request.
func (c *commit[T]) renews() bool {
	return c.draft.renew || c.draft.logIn || c.persistChanges() || c.outlivesCookie() ||
		ownerOf(c.value) != c.base.Owner
}

func (c *commit[T]) persistChanges() bool {
	return c.draft.persist != nil && *c.draft.persist != c.base.Persist
}

func (c *commit[T]) outlivesCookie() bool {
	return c.base.Persist && c.draft.deadline != nil && c.draft.deadline.After(c.base.Deadline)
}

func (c *commit[T]) isNew() bool { return c.base.Revision == 0 }

// deadlinePassed reports whether the draft sets a deadline that has passed.
func (c *commit[T]) deadlinePassed(now time.Time) bool {
	return c.draft.deadline != nil && !now.Before(*c.draft.deadline)
}

// record returns the record to store. Its value is a copy of its own, so that
// nothing that an edit kept leads into the store.
func (c *commit[T]) record(now time.Time) (*Record[T], error) {
	d, p := c.draft, c.s.policy
	rec := *c.base
	c.s.plan.CopyTo(&rec.Value, c.value)
	c.s.plan.Normalize(&rec.Value)
	if rec.Owner = ownerOf(&rec.Value); rec.Owner != ownerOf(c.value) {
		return nil, &EncodeError{c.base.ID, errOwnerSkipped}
	}
	if c.isNew() {
		rec.Created, rec.Persist = now, !p.BrowserSession && !p.remembers()
	}
	if d.persist != nil {
		rec.Persist = *d.persist
	}
	rec.Deadline = c.deadline(&rec, now)
	rec.Expires = p.expires(now, rec.Deadline, rec.Persist)
	return &rec, nil
}

// deadline returns the absolute end of the record to store. A log-in begins a
// lifetime, and so does a session that becomes a remembered one. A session that
// becomes an ordinary one does not live longer by it.
func (c *commit[T]) deadline(rec *Record[T], now time.Time) time.Time {
	p := c.s.policy
	end := now.Add(p.lifetime(rec.Persist))
	changes := p.remembers() && rec.Persist != c.base.Persist
	switch old := c.base.Deadline; {
	case c.draft.deadline != nil:
		return *c.draft.deadline
	case c.isNew(), c.draft.logIn, rec.Owner != c.base.Owner, changes && rec.Persist:
		return end
	case changes && (old.IsZero() || end.Before(old)):
		return end
	default:
		return old
	}
}
