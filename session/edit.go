package session

import (
	"context"
	"runtime"
	"strings"

	"github.com/seed48429006/sessions/internal/deep"
)

// Update changes the session's value: it calls edit at once, with a copy of the
// value. If edit panics, nothing is changed. If edit leaves the value as it was,
// nothing is written.
//
// If another request changes the session before this one commits, Commit calls
// edit again with the other request's value, so that both changes survive. So
// edit may run more than once and must modify only *v. To get a result out of
// it, assign to a variable on each run.
//
// Edits of one session never run at the same time. An edit must not keep its
// argument and must not write a response. It must not call Update, Set, Clear,
// Take, LogIn or Commit; it panics if it does so on the same session.
func (s *Session[T]) Update(edit func(v *T)) {
	s.apply(func(v *T) bool { edit(v); return true }, edit, false)
}

// LogIn is [Session.Update] for the edit that logs a visitor in, after the
// visitor's credentials were checked:
//
//	cart.LogIn(func(c *Cart) { c.Customer = name })
//
// LogIn always renews the session, also when the owner stays the same, and
// begins a whole lifetime. This prevents session fixation (OWASP Session
// Management Cheat Sheet).
//
// Unlike other changes, a log-in survives that another request ended the session
// meanwhile: it begins a new session. If the other request was a log-in of the
// same owner, as after a double click, the new session begins with a copy of
// that request's value. Both responses then carry a token that works.
func (s *Session[T]) LogIn(edit func(v *T)) {
	s.apply(func(v *T) bool { edit(v); return true }, edit, true)
}

// Set replaces the session's value by a copy of v, including changes that another
// request makes before this one commits.
func (s *Session[T]) Set(v T) {
	if err := s.plan.Verify(&v); err != nil {
		s.change(func(d *draft[T]) { d.err = err })
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
// If another request changes the session before this one commits, only the
// returned elements are removed. Elements that the other request appended stay,
// and so does a value that replaced the returned one.
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
// result to the draft. An edit whose draft was discarded meanwhile is dropped.
func (s *Session[T]) apply(edit func(*T) bool, replay func(*T), logIn bool) {
	s.refuseWithinEdit()
	s.editing.enter(context.Background())
	defer s.leaveEditing()
	s.mu.Lock()
	d, value := s.openDraft(), s.current()
	s.mu.Unlock()

	edited := s.plan.Copy(value)
	if !edit(edited) {
		return
	}
	err := s.plan.Verify(edited)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current() != value { // a commit ended meanwhile: leaveEditing makes the edit on its outcome
		d.stale = true
	} else if err != nil {
		d.err = err
		return
	}
	d.add(edited, replay)
	d.logIn = d.logIn || logIn
}

// leaveEditing ends an edit. If a commit has ended meanwhile on another base, the
// draft's edits are made on that first. If they fail, so does the next commit.
func (s *Session[T]) leaveEditing() {
	s.mu.Lock()
	for s.draft != nil && s.draft.stale {
		d, base, edits := s.draft, s.base, s.draft.edits
		d.stale = false
		s.mu.Unlock()
		value, err := s.tryReplay(base, edits)
		s.mu.Lock()
		if d.value = value; d.err == nil {
			d.err = err
		}
	}
	s.editing.leave() // with mu held, so that nothing becomes stale in between
	s.mu.Unlock()
}

// refuseWithinEdit panics if its caller was called by an edit, which would wait
// for its own end.
func (s *Session[T]) refuseWithinEdit() {
	if s.editing.busy() && withinEdit() {
		panic("session: an edit called a method of a session that edits or commits; an edit must modify only its argument")
	}
}

// withinEdit reports whether an edit called the method that called
// refuseWithinEdit.
func withinEdit() bool {
	var pcs [128]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "/session.(*Session[") &&
			(strings.HasSuffix(frame.Function, ".apply") || strings.HasSuffix(frame.Function, ".replay")) {
			return true
		}
		if !more {
			return false
		}
	}
}
