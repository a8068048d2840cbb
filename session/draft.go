package session

import "time"

// A draft collects the changes for the next commit. A commit takes the draft
// whole. If the commit fails, the draft goes back in front of the changes that
// were made meanwhile.
type draft[T any] struct {
	value    *T         // the value with the edits made, never written to; nil without edits
	edits    []func(*T) // in the form for a replay
	stale    bool       // value was made from another base than the session's
	err      error      // why an edit's result cannot be stored
	renew    bool
	logIn    bool // an edit is a log-in; implies renew
	persist  *bool
	deadline *time.Time

	outcomeUnknown bool // an earlier commit of the draft failed, and may have stored it

	dropped   bool // Discard was called while the draft was being committed
	destroyed bool // Destroy was

	first [1]func(*T) // room for the first edit
}

// demands reports whether the draft says how the session is to be, even if it is
// so already.
func (d *draft[T]) demands() bool {
	return len(d.edits) > 0 || d.persist != nil || d.deadline != nil
}

func (d *draft[T]) add(value *T, replay func(*T)) {
	if d.edits == nil {
		d.edits = d.first[:0]
	}
	d.value, d.edits = value, append(d.edits, replay)
}

// prepend puts the changes of an earlier draft before those of d. It changes d
// in place, since an edit that is running belongs to d.
func (d *draft[T]) prepend(earlier *draft[T]) {
	if d.value == nil {
		d.value = earlier.value
	}
	d.edits = append(earlier.edits[:len(earlier.edits):len(earlier.edits)], d.edits...)
	if d.err == nil {
		d.err = earlier.err
	}
	d.renew = d.renew || earlier.renew
	d.logIn = d.logIn || earlier.logIn
	if d.persist == nil {
		d.persist = earlier.persist
	}
	if d.deadline == nil {
		d.deadline = earlier.deadline
	}
	d.outcomeUnknown = d.outcomeUnknown || earlier.outcomeUnknown
}

// openDraft returns the draft that changes go to. The caller holds mu.
func (s *Session[T]) openDraft() *draft[T] {
	if s.draft == nil {
		s.draft = new(draft[T])
	}
	return s.draft
}

// change makes a change that is no edit.
func (s *Session[T]) change(to func(*draft[T])) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to(s.openDraft())
}

// Renew gives the session a new token and keeps its value. The old token stops
// working. Call it whenever the visitor's privileges change (OWASP Session
// Management Cheat Sheet, "Renew the Session ID After Any Privilege Level
// Change"). [Session.LogIn] and a change of the owner renew by themselves.
//
// Renew keeps the deadline. It does nothing to a new session. The section
// "Renewal" of the package's documentation says how other requests fare.
func (s *Session[T]) Renew() {
	s.change(func(d *draft[T]) { d.renew = true })
}

// Persist sets whether the session outlives the browser ("remember me"). A
// change renews the session, because the client needs another cookie. For a new
// session, Persist takes effect when something else is changed too.
//
// With [Policy.Remember], a session that is made to outlive the browser begins a
// lifetime of that kind. One that no longer is gets the other sessions' idle timeout,
// and ends after their lifetime at the latest.
func (s *Session[T]) Persist(on bool) {
	s.change(func(d *draft[T]) { d.persist = &on })
}

// SetDeadline sets the absolute end of this session. The idle timeout still
// applies. A time in the past, such as the zero time, ends the session at commit.
// A time later than before renews a session whose cookie has a Max-Age.
func (s *Session[T]) SetDeadline(t time.Time) {
	if t.Unix() > endOfTime.Unix() {
		t = endOfTime
	}
	t = t.UTC().Truncate(time.Millisecond)
	s.change(func(d *draft[T]) { d.deadline = &t })
}

// endOfTime is the last deadline that every format for times can express.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// Destroy ends the session at commit and drops all changes made so far. A later
// change begins a new session under another token, for example to leave a notice
// for the page after a log-out.
func (s *Session[T]) Destroy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inflight != nil {
		s.inflight.destroyed = true
	}
	for p := s.provision; p != nil; p = p.earlier {
		p.destroyed = true
	}
	s.draft = nil
	s.endBase()
}

// Discard drops all changes since the last commit. A destroyed session stays
// destroyed.
func (s *Session[T]) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inflight != nil {
		s.inflight.dropped = true
	}
	if s.renewal != nil {
		s.renewal.draft = nil
	}
	s.draft = nil
}
