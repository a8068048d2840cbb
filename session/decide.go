package session

import (
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
)

// An action is a commit's work on the store.
type action int

const (
	leave  action = iota // nothing
	reload               // load the record, since it may be out of date
	touch                // move the idle end
	tend                 // settle or rotate the secrets of a session that was only read
	expire               // end the session: its deadline has passed
	join                 // add a secret to the session that another log-in renewed, or create
	create               // store a new session
	save                 // replace the record
	soft                 // replace it, with a new secret beside the others
	hard                 // replace it, with a new secret in place of all others
)

// decide returns the commit's action, or why there can be none. It does no I/O.
func (c *commit[T]) decide(at time.Time) (action, error) {
	d := c.draft
	if d == nil {
		d = new(draft[T])
	}
	if d.proof != nil {
		if err := d.proof.check(c.base.Secrets, c.base.ID, c.base.Renewed, c.base.LoggedIn, at, c.s.policy); err != nil {
			return leave, err
		}
	}
	changes := c.changes(d)
	switch {
	case d.err != nil:
		return leave, &EncodeError{c.base.ID, d.err}
	case c.late && (d.logIn || changes && !c.gone && (c.isNew() || c.needsSecret(d))):
		return leave, ErrLate
	case c.gone && d.logIn:
		return join, nil
	case c.gone && (changes || c.copied && d.says()):
		return leave, ErrGone
	case c.gone:
		return leave, nil
	case !changes && c.copied && d.says():
		return reload, nil
	case !changes:
		return c.upkeepDue(at), nil
	case d.deadline != nil && !at.Before(*d.deadline):
		return expire, nil
	case c.isNew():
		return create, nil
	case c.s.outside != nil && c.endsSecrets(d):
		return leave, errOwnerOutside
	case c.endsSecrets(d):
		return hard, nil
	case c.passive && !c.fresh && !c.lifeChanges(d): // a touch since then would be undone
		return reload, nil
	case c.needsSecret(d):
		return soft, nil
	}
	return save, nil
}

// changes reports whether there is something to store.
func (c *commit[T]) changes(d *draft[T]) bool {
	switch {
	case d.logIn, d.proof != nil, d.value != nil && !c.s.plan.Equal(&c.base.Value, d.value):
		return true
	case c.gone:
		return d.renew || d.remember != nil || d.deadline != nil || d.idle != nil
	case c.isNew(): // a session without a value is not worth keeping
		return false
	}
	return d.renew || c.lifeChanges(d) || d.deadline != nil && !d.deadline.Equal(c.base.Deadline)
}

// needsSecret reports whether the client needs another cookie. It then gets another
// secret: a cookie that was sent again for the same one could overwrite the cookie of a
// log-in in another request.
func (c *commit[T]) needsSecret(d *draft[T]) bool {
	return c.endsSecrets(d) || c.rememberChanges(d) || d.proof != nil ||
		c.base.Remembered && d.deadline != nil && d.deadline.After(c.base.Deadline)
}

// endsSecrets reports whether the other secrets must be worth nothing after the commit.
func (c *commit[T]) endsSecrets(d *draft[T]) bool {
	return d.renew || d.logIn || ownerOf(c.current()) != c.base.Owner
}

func (c *commit[T]) rememberChanges(d *draft[T]) bool {
	return d.remember != nil && *d.remember != c.base.Remembered
}

// lifeChanges reports whether the session gets another idle timeout.
func (c *commit[T]) lifeChanges(d *draft[T]) bool {
	return c.rememberChanges(d) || d.idle != nil && c.base.Secrets.withIdle(*d.idle) != c.base.Secrets
}

func (c *commit[T]) isNew() bool { return c.base.Revision == 0 }

// settleDue reports whether the client's current secret shows that it needs no former
// one. A secret that this request has issued shows nothing: its response may be lost.
func (c *commit[T]) settleDue() bool {
	return c.kind == current && c.news != hooks.NewToken && !c.base.Secrets.settled()
}

// rotateDue reports whether use is to replace the secret. Only a logged-in session
// rotates: see the section "Rotation" of the package's documentation.
func (c *commit[T]) rotateDue(at time.Time) bool {
	every, age := c.s.policy.RotateEvery, at.Sub(c.base.Renewed)
	fresh := -maxSkew <= age && age < every // further in the future, a wrong clock has noted it
	if every == 0 || c.passive || fresh || c.base.LoggedIn.IsZero() ||
		c.kind != current && c.kind != open || c.late {
		return false
	}
	d := c.base.Secrets.device()
	return !d.limited() && c.base.Secrets.hasRoom(c.token.hash(), at) // else the device does
}

// record returns the record to store, and whether it has a new secret. Its value is a
// copy of its own, so that nothing that an edit kept leads into the store.
func (c *commit[T]) record(what action, at time.Time) (_ *Record[T], renewed bool, _ error) {
	d, p := c.draft, c.s.policy
	rec := *c.base
	if d.value != nil && what != tend {
		c.s.plan.CopyTo(&rec.Value, d.value)
		c.s.plan.Normalize(&rec.Value)
		if rec.Owner = ownerOf(&rec.Value); rec.Owner != ownerOf(d.value) {
			return nil, false, &EncodeError{c.base.ID, errOwnerSkipped}
		}
	}
	if what == create {
		rec.Created, rec.Remembered = at, p.Remember.All
	}
	if d.remember != nil {
		rec.Remembered = *d.remember
	}
	switch {
	case d.logIn, rec.Owner != c.base.Owner && rec.Owner != "":
		rec.LoggedIn = at
	case rec.Owner != c.base.Owner:
		rec.LoggedIn = time.Time{}
	}
	if rec.Secrets, renewed = c.secrets(what, at); renewed {
		rec.ID, rec.Renewed = c.next.ID(), at
	}
	if d.idle != nil {
		rec.Secrets = rec.Secrets.withIdle(*d.idle)
	}
	rec.Deadline = c.deadline(&rec, at)
	rec.Expires = expires(p, &rec, at)
	if keeps := d.proof != nil || c.keepsIdleEnd(what); keeps && idleTimeout(p, &rec) > 0 && c.base.Expires.Before(rec.Expires) {
		rec.Expires = c.base.Expires // a browser does this by itself: the visitor does not use the session
	}
	rec.Secrets, c.offering = c.devices(&rec, what, renewed, at)
	return &rec, renewed, nil
}

// keepsIdleEnd reports whether storing the record is no use of the session. A change
// that decides how long the session lives is always one.
func (c *commit[T]) keepsIdleEnd(what action) bool {
	return c.passive && (what == save || what == soft) && !c.lifeChanges(c.draft)
}

// secrets returns the secrets of the record to store, and whether there is a new one.
func (c *commit[T]) secrets(what action, at time.Time) (list Secrets, renewed bool) {
	list = c.base.Secrets
	presented := c.token.hash()
	if what != hard && what != join && c.settleDue() {
		list = list.settle(at)
	}
	switch what {
	case create:
		c.mint(NewID)
		return NewSecrets(c.next), true
	case hard:
		return list.hard(c.mint(c.baseID), presented, at), true
	case soft:
		return list.soft(c.mint(c.baseID), presented, at), true
	case join:
		return list.join(c.mint(c.baseID), presented, at)
	}
	if c.rotateDue(at) {
		return list.rotate(c.mint(c.baseID), presented, at)
	}
	return list, false
}

func (c *commit[T]) baseID() ID { return c.base.ID }

// mint returns the hash of the commit's new secret.
func (c *commit[T]) mint(id func() ID) hash {
	if c.next.IsZero() {
		c.next = NewToken(id())
	}
	return c.next.hash()
}

// deadline returns the absolute end of the record to store. A log-in begins a
// lifetime, and so does a session that becomes a remembered one. Turning "remember me"
// off never extends a session.
func (c *commit[T]) deadline(rec *Record[T], at time.Time) time.Time {
	p := c.s.policy
	end := at.Add(p.lifetime(rec.Remembered))
	changes := rec.Remembered != c.base.Remembered
	switch old := c.base.Deadline; {
	case c.draft.deadline != nil:
		return *c.draft.deadline
	case c.isNew(), c.draft.logIn, rec.Owner != c.base.Owner, changes && rec.Remembered:
		return end
	case changes && (old.IsZero() || end.Before(old)):
		return end
	default:
		return old
	}
}
