package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

const day = 24 * time.Hour

// monthly remembers sessions for thirty days, of which seven may be idle.
var monthly = session.Remember{Lifetime: 30 * day, IdleTimeout: 7 * day}

// TestRemember checks when sessions of both kinds end, right after a request that
// comes half an hour after the one before.
func TestRemember(t *testing.T) {
	const half = 30 * time.Minute
	persist := func(on bool) request { return func(s *session.Session[state]) { s.Persist(on) } }
	tests := []struct {
		name           string
		policy         session.Policy
		requests       []request
		persist        bool
		expires, after time.Duration // the idle end, and the deadline
	}{
		{"one kind", session.Policy{}, []request{increment1}, true, time.Hour, day},
		{"one kind, later persistent", session.Policy{BrowserSession: true}, []request{increment1, persist(true)}, true, time.Hour, day - half},
		{"one kind, no longer persistent", session.Policy{}, []request{increment1, persist(false)}, false, time.Hour, day - half},
		{"ordinary", session.Policy{Remember: monthly}, []request{increment1}, false, time.Hour, day},
		{"ordinary, read", session.Policy{Remember: monthly}, []request{increment1, read}, false, time.Hour, day - half},
		{"remembered from the beginning", session.Policy{Remember: monthly}, []request{both(increment1, persist(true))}, true, 7 * day, 30 * day},
		{"remembered, changed later", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), increment1}, true, 7 * day, 30*day - half},
		{"remembered, asked for again", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), persist(true)}, true, 7*day - half, 30*day - half},
		{"remembered, renewed", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), renew}, true, 7 * day, 30*day - half},
		{"remembered without idle timeout", session.Policy{Remember: session.Remember{Lifetime: 30 * day}}, []request{both(increment1, persist(true)), increment1}, true, 30*day - half, 30*day - half},
		{"log-in", session.Policy{Remember: monthly}, []request{increment1, logIn("ada")}, false, time.Hour, day},
		{"log-in, remembered", session.Policy{Remember: monthly}, []request{increment1, both(logIn("ada"), persist(true))}, true, 7 * day, 30 * day},
		{"log-in of a remembered one", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), logIn("ada")}, true, 7 * day, 30 * day},
		{"log-in of a remembered one, which is not to be", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), both(logIn("ada"), persist(false))}, false, time.Hour, day},
		{"becomes remembered", session.Policy{Remember: monthly}, []request{increment1, persist(true)}, true, 7 * day, 30 * day},
		{"becomes ordinary", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), persist(false)}, false, time.Hour, day},
		{"becomes ordinary, near its end", session.Policy{Remember: monthly}, []request{both(increment1, persist(true), endIn(2*time.Hour)), persist(false)}, false, time.Hour, 2*time.Hour - half},
		{"becomes ordinary and remembered", session.Policy{Remember: monthly}, []request{both(increment1, persist(true)), persist(false), persist(true)}, true, 7 * day, 30 * day},
		{"a deadline of its own", session.Policy{Remember: monthly}, []request{increment1, both(persist(true), endIn(90*day))}, true, 7 * day, 90 * day},
		{"no idle timeout of the others", session.Policy{IdleTimeout: -1, Remember: monthly}, []request{both(increment1, persist(true)), persist(false)}, false, day, day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := session.New(store, &tt.policy)
				for i, act := range tt.requests {
					if i > 0 {
						time.Sleep(half)
						token, _ := s.Token()
						s = loadWith(t, store, &tt.policy, token)
					}
					act(s)
					commit(t, s)
				}
				if s.Persistent() != tt.persist {
					t.Errorf("persistent: %v", s.Persistent())
				}
				if got := time.Until(s.Expires()); got != tt.expires {
					t.Errorf("expires in %v, want %v", got, tt.expires)
				}
				if got := time.Until(s.Deadline()); got != tt.after {
					t.Errorf("ends in %v, want %v", got, tt.after)
				}
			})
		})
	}
}

// TestRememberedSessionsAreTouchedBySixteenths checks that reading a remembered
// session writes as seldom as its own idle timeout allows.
func TestRememberedSessionsAreTouchedBySixteenths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{Remember: session.Remember{Lifetime: 32 * day, IdleTimeout: 16 * day}}
		s := session.New(store, policy)
		both(increment1, func(s *session.Session[state]) { s.Persist(true) })(s)
		commit(t, s)
		token, _ := s.Token()
		store.calls()
		touches := 0
		for range 8 * 24 {
			time.Sleep(time.Hour)
			commit(t, loadWith(t, store, policy, token))
			if store.calls() == "Load Touch" {
				touches++
			}
		}
		if touches != 8 {
			t.Errorf("%d touches in eight days, want 8", touches)
		}
	})
}

// Whatever the order in which requests remember a session, forget it, log in and
// read, each session that is left has the times of its kind.
func TestEveryOrderOfRemembering(t *testing.T) {
	remember := func(s *session.Session[state]) { s.Persist(true) }
	forget := func(s *session.Session[state]) { s.Persist(false) }
	for name, handlers := range map[string][]request{
		"remembering and a change":      {remember, note("1")},
		"remembering and a read":        {remember, read},
		"remembering and a log-in":      {remember, logIn("ada")},
		"remembering and forgetting":    {remember, both(note("1"), forget)},
		"two log-ins of different kind": {both(logIn("ada"), remember), both(logIn("ada"), forget)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overlap{Start: state{Count: 1}, Handlers: handlers, Age: 10 * time.Minute, Policy: &session.Policy{Remember: monthly}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				for _, rec := range out.Live() {
					left, idle := time.Until(rec.Deadline), time.Until(rec.Expires)
					if rec.Persist && (left <= 29*day || idle <= 6*day) || !rec.Persist && (left > day || idle > time.Hour) {
						tb.Errorf("persistent: %v; ends in %v, expires in %v", rec.Persist, left, idle)
					}
				}
			})
		})
	}
}

func increment1(s *session.Session[state]) { s.Update(increment) }

func endIn(d time.Duration) request {
	return func(s *session.Session[state]) { s.SetDeadline(time.Now().Add(d)) }
}
