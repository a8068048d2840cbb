package session

import (
	"context"

	"github.com/seed48429006/sessions/internal/deep"
)

// Update changes the session's value: it calls edit at once, with a copy of the
// value. If edit panics, nothing is changed. If edit leaves the value as it was,
// nothing is written.
//
// If another request changes the session first, Commit calls edit again with the other
// request's value, so that both changes survive. So edit may run more than once and
// must modify only *v. To get a result out of it, assign to a variable on each run.
//
// Edits of the same session never run at the same time, and they wait during a commit.
// An edit must not keep its argument and must not write a response. It must not call
// Update, Set, Clear, Take, LogIn or Commit; it panics if it does so on the same
// session.
func (s *Session[T]) Update(edit func(v *T)) {
	s.apply(func(v *T) bool { edit(v); return true }, edit, false)
}

// LogIn is [Session.Update] for the edit that logs a visitor in, after the
// visitor's credentials were checked:
//
//	cart.LogIn(func(c *Cart) { c.Customer = name })
//
// LogIn always gives the session a new token and ends all others, also when the owner
// stays the same, and begins a whole lifetime. This prevents session fixation (OWASP
// Session Management Cheat Sheet).
//
// Unlike other changes, a log-in succeeds if another request has ended the session or
// its token first. If that request logged in the same owner, as after a double click,
// this log-in joins it: the session is the same, the edits are made on the other's
// value, and both responses carry a token that works. Otherwise it begins a new session
// with the zero value. So a log-in's edit must set every field that grants something.
func (s *Session[T]) LogIn(edit func(v *T)) {
	s.apply(func(v *T) bool { edit(v); return true }, edit, true)
}

// Set replaces the session's value by a copy of v. It overwrites changes that another
// request makes before this commit.
func (s *Session[T]) Set(v T) {
	if err := s.plan.Verify(&v); err != nil {
		s.hold(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.pending().err = err
		})
		return
	}
	kept := s.plan.Copy(&v)
	s.Update(func(t *T) { *t = *kept }) // kept is never written to: each edit works on a copy
}

// Clear sets the session's value to zero and keeps the session. [Session.Destroy]
// ends it.
func (s *Session[T]) Clear() {
	s.Update(func(t *T) { var zero T; *t = zero })
}

// Take reads a field once: it returns the field's value and sets the field to
// zero. It serves flash messages. If the field is zero, Take changes nothing.
//
//	notices := session.Take(s, func(c *Cart) *[]string { return &c.Notices })
//
// If another request changes the session first, only the returned elements are removed.
// Elements that the other request appended stay, and so does a value that replaced the
// returned value.
//
// Two overlapping requests may both get the same value. For a code that must
// work once, use [Session.Update] to compare and clear it, and [Session.Commit]
// before the outcome is used.
func Take[T, V any](s *Session[T], field func(*T) *V) V {
	var taken V
	plan := deep.Of[V]()
	s.apply(
		func(t *T) bool {
			v := field(t)
			if plan.IsNothing(v) {
				return false
			}
			taken = *plan.Copy(v)
			plan.Subtract(v, &taken)
			return true
		},
		func(t *T) { plan.Subtract(field(t), &taken) },
		false,
	)
	return plan.Value(&taken)
}

// apply runs an edit on a copy of the value and, if edit returns true, adds the
// result to the draft.
func (s *Session[T]) apply(edit func(*T) bool, replay func(*T), logIn bool) {
	s.hold(func() {
		edited := s.plan.Copy(s.current()) // only holders of the gate replace it
		if !edit(edited) {
			return
		}
		err := s.plan.Verify(edited)
		s.mu.Lock()
		defer s.mu.Unlock()
		d := s.pending()
		if err != nil {
			d.err = err
			return
		}
		d.add(edited, replay)
		d.logIn = d.logIn || logIn
	})
}

// hold runs f in the session's gate. If the session was abandoned while f ran, the
// pending changes are dropped.
func (s *Session[T]) hold(f func()) { s.within(context.Background(), f) }

func (s *Session[T]) within(ctx context.Context, f func()) error {
	return s.gate.hold(ctx, func() {
		s.dropAbandoned() // Abandon may have met the end of another call
		defer s.dropAbandoned()
		f()
	})
}

// dropAbandoned drops the draft of a session that was abandoned.
func (s *Session[T]) dropAbandoned() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		s.draft, s.abandoned = nil, false
	}
}
