package session

import "time"

// A draft collects the changes for the next commit. It stays in place until a commit
// has succeeded.
type draft[T any] struct {
	value *T         // the value with the edits made, never written to; nil without edits
	edits []func(*T) // in the form for a replay
	err   error      // why an edit's result cannot be stored
	demands
	lost *lost    // the last write of these changes, if its reply was lost
	seat *holding // among the owner's sessions; nil without one

	first [1]func(*T) // room for the first edit
}

// Demands are the changes that are not edits.
type demands struct {
	renew    bool
	logIn    bool // an edit is a log-in; implies renew
	remember *bool
	deadline *time.Time
	proof    *proof         // of the device
	idle     *time.Duration // zero means the policy's, a negative value none
}

// A lost is a write without a reply: the store may have it or not.
type lost struct {
	demands     // which the write fulfils
	edits   int // how many of the draft's edits it has
	id      ID
	base    Revision // of the record to replace; zero for a new one
	token   Token    // the token that it added; zero without one
	at      time.Time
}

func (d *draft[T]) add(value *T, replay func(*T)) {
	if d.edits == nil {
		d.edits = d.first[:0]
	}
	d.value, d.edits = value, append(d.edits, replay)
}

// says reports whether the draft says how the session is to be, even if it is so
// already.
func (d *draft[T]) says() bool {
	return len(d.edits) > 0 || d.remember != nil || d.deadline != nil || d.idle != nil
}

// empty reports whether the draft has nothing to commit.
func (d *draft[T]) empty() bool {
	return !d.says() && !d.renew && !d.logIn && d.err == nil && d.lost == nil && d.proof == nil
}

// keepLost notes that the reply to a write of all these changes was lost.
func (d *draft[T]) keepLost(l lost) {
	l.demands, l.edits = d.demands, len(d.edits)
	d.demands, d.lost = demands{}, &l
}

// forgetLost makes the changes of the lost write pending again.
func (d *draft[T]) forgetLost() {
	l := d.lost
	d.lost = nil
	d.renew, d.logIn = d.renew || l.renew, d.logIn || l.logIn
	if d.remember == nil {
		d.remember = l.remember
	}
	if d.deadline == nil {
		d.deadline = l.deadline
	}
	if d.proof == nil {
		d.proof = l.proof
	}
	if d.idle == nil {
		d.idle = l.idle
	}
}

// change makes a change that is not an edit.
func (s *Session[T]) change(to func(*demands)) {
	s.hold(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		to(&s.pending().demands)
	})
}

// pending returns the draft that changes go to. The caller holds mu.
func (s *Session[T]) pending() *draft[T] {
	if s.draft == nil {
		s.draft = new(draft[T])
	}
	return s.draft
}

// Renew gives the session a new token and keeps its value and its ID. All other
// tokens of the session stop working. Call it whenever the visitor's privileges change
// (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege
// Level Change"). [Session.LogIn] and a change of the owner renew by themselves.
//
// Renew keeps the deadline. It does nothing to a new session. The section "Renewal" of
// the package's documentation says how other requests fare.
func (s *Session[T]) Renew() {
	s.change(func(d *demands) { d.renew = true })
}

// Remember sets whether the session is remembered ("remember me"). A remembered session
// outlives the browser and lives as long as [Policy.Remember] says, by default two weeks
// without an idle timeout. Others end with the browser, and sooner.
//
//	login.Remember(r.PostFormValue("remember") != "") // beside LogIn
//
// Turning it on begins a lifetime of a remembered session. Turning it off never extends a
// session: it gets the ordinary idle timeout, and ends after an ordinary lifetime at the
// latest. A log-in changes nothing of it by itself. A change gives the session another
// token, because the client needs another cookie. For a new session, Remember takes
// effect when something else is changed too.
func (s *Session[T]) Remember(on bool) {
	s.change(func(d *demands) { d.remember = &on })
}

// SetDeadline sets the absolute end of this session. The idle timeout still applies. A
// time in the past, such as the zero time, ends the session at commit. If the cookie
// has a Max-Age, a later time than before gives the session another token.
func (s *Session[T]) SetDeadline(t time.Time) {
	if t.Unix() > endOfTime.Unix() {
		t = endOfTime
	}
	t = t.UTC().Truncate(time.Millisecond)
	s.change(func(d *demands) { d.deadline = &t })
}

// SetIdleTimeout sets how long this session lives without use, in place of the policy's
// idle timeouts: for a shared computer, or an administrator. A negative duration means no
// limit, and zero the policy's again. It stays until it is set again, also over a log-in.
// A change of it is a use, and needs no other token. For a new session it takes effect
// when something else is changed too.
func (s *Session[T]) SetIdleTimeout(d time.Duration) {
	if d > 0 {
		d = max(d.Truncate(time.Millisecond), time.Millisecond)
	}
	d = max(d, -1)
	s.change(func(to *demands) { to.idle = &d })
}

// endOfTime is the last deadline that every format for times can express.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// SetPassive sets whether this request leaves the session unused. Set it for a page
// that asks again and again by itself. A passive request reads and may change the
// session, but it does not move the idle end and does not rotate the token. If it
// changes nothing, it writes nothing. A log-in, [Session.Renew], another owner and a
// change by [Session.Remember] or [Session.SetIdleTimeout] are uses in any case. So is
// the first commit of a new session.
//
// A use by another request may go unnoticed in the moment in which a passive change is
// stored, between its last load and its save. The idle end is then as before that use,
// and the next use moves it.
func (s *Session[T]) SetPassive(passive bool) {
	s.hold(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.passive = passive
	})
}

// Destroy ends the session at commit and drops all changes made so far. If the record of
// the client's token cannot be read, Destroy ends that session: other servers may be able
// to read it. A later change begins a new session under another ID, for example to leave
// a notice for the page after a log-out.
func (s *Session[T]) Destroy() {
	s.hold(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.destroy()
		if s.joined != nil {
			s.joined.destroyed = true
		}
	})
}

// Discard drops all changes since the last commit. A destroyed session stays
// destroyed.
func (s *Session[T]) Discard() {
	s.hold(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.draft = nil
	})
}
