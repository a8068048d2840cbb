package session

import (
	"context"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
)

// Update changes the session's value. It runs edit now. If another request
// changes the session before this one commits, edit runs again, on the value
// that the other left, so that both changes survive. So edit may run more than
// once, and must change nothing but what its argument points to; to get a
// result out of it, assign to a variable each time it runs.
//
// Edits of one session never run at the same time. Edit must not keep its
// argument, nor call Update, Set, Clear, Take or Commit of the same session, nor
// write a response, which commits it: all of them would wait for it to end. If it
// panics, nothing is changed.
// An edit that leaves the value as it was is no change: nothing is written.
func (s *Session[T]) Update(edit func(*T)) {
	s.apply(func(v *T) bool { edit(v); return true }, edit)
}

// Set replaces the session's value by a copy of v, and whatever another request
// may have put there meanwhile.
func (s *Session[T]) Set(v T) {
	err := s.plan.Verify(&v)
	if err != nil {
		s.refuse(err)
		return
	}
	kept := s.plan.Copy(&v)
	s.Update(func(t *T) { *t = *kept }) // which is not written to: each edit has a copy of its own
}

// Clear sets the session's value to zero. The session itself stays; see
// [Session.Destroy] for its end.
func (s *Session[T]) Clear() {
	s.Update(func(t *T) { var zero T; *t = zero })
}

// Take reads a field once: it returns the field's value and zeroes the field.
// It is made for flash messages: shown once, then gone. If the field is zero,
// Take changes nothing.
//
//	notices := session.Take(s, func(c *Cart) *[]string { return &c.Notices })
//
// If another request changes the session before this one commits, what Take
// returned is removed and no more: an element that the other appended stays,
// and so does a value that replaced the one returned.
//
// Two overlapping requests may both be given the same value. A code that must
// work once only wants an [Session.Update] that compares and clears it, and a
// [Session.Commit] before the outcome is used.
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
	)
	return *plan.Copy(&taken)
}

// apply runs an edit on a copy of the value and, if it returns true, makes that
// copy the value. On replay the second form of the edit is run instead.
func (s *Session[T]) apply(edit func(*T) bool, replay func(*T)) {
	s.editing.Lock()
	defer s.editing.Unlock()
	s.mu.Lock()
	value, epoch := s.value, s.epoch
	s.mu.Unlock()

	edited := s.plan.Copy(value)
	if !edit(edited) {
		return
	}
	err := s.plan.Verify(edited)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.epoch != epoch: // the session was destroyed meanwhile, and the edit with it
	case err != nil:
		s.pending.err = err
	default:
		s.value = edited
		s.pending.edits = append(s.pending.edits, replay)
	}
}

// refuse makes the next commit fail with err.
func (s *Session[T]) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.err = err
}

// Renew gives the session a new token and leaves its data as they are; the old
// token is dead. Do this whenever the visitor's privileges change (OWASP Session
// Management Cheat Sheet, "Renew the Session ID After Any Privilege Level
// Change"). If T has a method SessionOwner() string, a change of what it
// returns renews the session by itself.
//
// The deadline stays where it is, unless the owner changes: a log-in begins a
// whole lifetime. A new session needs no renewal.
//
// Requests that are under way with the old token cannot save any more: [ErrGone].
// One that comes within ten seconds after finds an empty session that cannot be
// saved, a later one a new session. So a client that loses the response of the
// renewal has lost the session.
func (s *Session[T]) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.renew = true
}

// Destroy ends the session and drops all changes made so far. A change that
// comes after it begins a new session, under another token, for example to
// leave a notice for the page that follows a log-out.
func (s *Session[T]) Destroy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base.Revision != 0 {
		s.doomed = s.base
	}
	s.epoch++
	s.ends++
	s.rest(new(Record[T]), Token{})
	s.pending.destroy = s.gone
}

// Discard drops all changes since the last commit, except that a destroyed
// session stays destroyed.
func (s *Session[T]) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	destroy := s.pending.destroy
	s.epoch++
	s.unsure = false
	s.rest(s.base, s.token)
	s.pending.destroy = destroy
}

// Persist says whether the session is to outlive the browser ("remember me").
// For a new session, it matters only if something else is changed too.
func (s *Session[T]) Persist(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.persist = &on
}

// SetDeadline sets the end of this one session, earlier or later than the
// manager's lifetime would have it. The idle timeout goes on to apply. A time
// in the past, the zero time among them, ends the session at commit.
func (s *Session[T]) SetDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Unix() > endOfTime.Unix() {
		t = endOfTime
	}
	t = t.UTC().Truncate(time.Millisecond)
	s.pending.deadline = &t
}

// endOfTime is the last deadline that everything that keeps it can express.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// Detach says that the client can no longer be told of a new token. From then
// on a commit that would need one fails with [ErrLate]; other changes and
// Destroy work as before. Detach waits for a commit that is under way, so that
// afterwards [Session.Token] is the last one; if ctx is done first, it returns
// [ErrUnavailable]. It is for transports.
func (s *Session[T]) Detach(ctx context.Context) error {
	for {
		s.mu.Lock()
		if !s.committing {
			s.late = true
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if err := s.begin(ctx); err != nil {
			return err
		}
		s.end()
	}
}

// Attach undoes [Session.Detach]: the client can be told of a new token again. It
// is for transports.
func (s *Session[T]) Attach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = false
}

// LogIn changes the session's value as [Session.Update] does, and renews it.
func (s *Session[T]) LogIn(edit func(*T)) {
	s.Update(edit)
	s.Renew()
}
