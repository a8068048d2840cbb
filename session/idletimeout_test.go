package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func idleAfter(d time.Duration) request {
	return func(s *session.Session[state]) { s.SetIdleTimeout(d) }
}

// Each row is a session that is used at these times, and not after that.
func TestAnIdleTimeoutOfOneSession(t *testing.T) {
	type use struct {
		at  time.Duration
		act request
	}
	for name, test := range map[string]struct {
		policy session.Policy
		uses   []use
		ends   time.Duration
		idle   time.Duration
	}{
		"is shorter":                   {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}}, 5 * time.Minute, 5 * time.Minute},
		"is longer":                    {session.Policy{}, []use{{0, idleAfter(5 * time.Hour)}}, 5 * time.Hour, 5 * time.Hour},
		"moves with use":               {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}, {4 * time.Minute, read}}, 9 * time.Minute, 5 * time.Minute},
		"moves with a change":          {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}, {time.Second, count}}, 301 * time.Second, 5 * time.Minute},
		"does not move with every use": {session.Policy{}, []use{{0, idleAfter(16 * time.Minute)}, {59 * time.Second, read}}, 16 * time.Minute, 16 * time.Minute},
		"counts from when it is set":   {session.Policy{}, []use{{30 * time.Minute, idleAfter(5 * time.Minute)}}, 35 * time.Minute, 5 * time.Minute},
		"set by a passive request":     {session.Policy{}, []use{{30 * time.Minute, both(passive, idleAfter(5*time.Minute))}}, 35 * time.Minute, 5 * time.Minute},
		"does not pass the deadline":   {session.Policy{Lifetime: time.Hour}, []use{{0, idleAfter(5 * time.Hour)}}, time.Hour, 5 * time.Hour},
		"is none":                      {session.Policy{}, []use{{0, idleAfter(-1)}}, session.DefaultLifetime, 0},
		"where others have none":       {session.Policy{IdleTimeout: -1}, []use{{0, idleAfter(time.Minute)}}, time.Minute, time.Minute},
		"is the policy's again":        {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}, {time.Minute, idleAfter(0)}}, 61 * time.Minute, time.Hour},
		"stays over a log-in":          {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}, {time.Minute, logIn("ada")}}, 6 * time.Minute, 5 * time.Minute},
		"stays over a renewal":         {session.Policy{}, []use{{0, idleAfter(5 * time.Minute)}, {time.Minute, both(renew, commitNow, remember(true))}}, 6 * time.Minute, 5 * time.Minute},
		"stays over rotations":         {session.Policy{RotateEvery: time.Minute}, []use{{0, idleAfter(5 * time.Minute)}, {2 * time.Minute, read}, {4 * time.Minute, read}}, 9 * time.Minute, 5 * time.Minute},
		"of a remembered session":      {session.Policy{Remember: session.Remember{Lifetime: 30 * day}}, []use{{0, both(remember(true), idleAfter(day))}}, day, day},
		"at the log-in":                {session.Policy{}, []use{{0, both(logIn("bob"), idleAfter(5*time.Minute))}}, 5 * time.Minute, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token, start := storedWith(t, store, &test.policy, state{User: "ada"}), time.Now()
				for _, use := range test.uses {
					time.Sleep(time.Until(start.Add(use.at)))
					token = mustWith(t, store, &test.policy, token, use.act)
				}
				s := loadWith(t, store, &test.policy, token)
				if got := s.Expires().Sub(start); got != test.ends || s.IdleTimeout() != test.idle {
					t.Errorf("it ends after %v, with an idle timeout of %v", got, s.IdleTimeout())
				}
				time.Sleep(time.Until(start.Add(test.ends - time.Millisecond)))
				if got := loadWith(t, store, &test.policy, token); got.IsNew() {
					t.Error("it ends too early")
				}
				time.Sleep(time.Millisecond)
				if got := loadWith(t, store, &test.policy, token); !got.IsNew() {
					t.Error("it lives on")
				}
			})
		})
	}
}

// A new session takes its idle timeout from before it was stored.
func TestAnIdleTimeoutOfANewSession(t *testing.T) {
	for name, commits := range map[string]bool{"stored at once": false, "stored later": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := session.New(store, nil)
				s.SetIdleTimeout(time.Minute)
				if commits {
					commit(t, s)
				}
				s.Update(increment)
				commit(t, s)
				if got := time.Until(s.Expires()); got != time.Minute {
					t.Errorf("it ends in %v", got)
				}
			})
		})
	}
}

// Setting it again as it is writes nothing. A change needs no other token, is made again
// beside another request's change, and survives a lost reply.
func TestAChangeOfTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := must(t, store, stored(t, store, state{User: "ada"}), idleAfter(5*time.Minute))
		store.calls()
		must(t, store, token, idleAfter(5*time.Minute))
		if got := store.calls(); got != "Load" {
			t.Errorf("calls %q", got)
		}
		meanwhile(t, store, token, "Save", 1, increment)
		if next := must(t, store, token, idleAfter(7*time.Minute)); !next.Equal(token) {
			t.Error("the client gets another token")
		}
		if s := load(t, store, token); s.IdleTimeout() != 7*time.Minute || s.Value().Count != 1 {
			t.Errorf("%v, %+v", s.IdleTimeout(), s.Value())
		}
		for _, applied := range []bool{true, false} {
			s := load(t, store, token)
			s.SetIdleTimeout(9 * time.Minute)
			store.fail("Save", applied)
			if s.Commit(t.Context()) == nil {
				t.Fatal("no error")
			}
			if err := s.Commit(t.Context()); (err != nil) != applied {
				t.Errorf("applied %v: %v", applied, err)
			}
			if got := load(t, store, token).IdleTimeout(); got != 9*time.Minute {
				t.Errorf("applied %v: %v", applied, got)
			}
			must(t, store, token, idleAfter(time.Hour))
		}
	})
}

// A duration that records cannot hold is the nearest that they can.
func TestOddIdleTimeouts(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{1: time.Millisecond, 1500 * time.Microsecond: time.Millisecond, 1<<63 - 1: 1<<63 - 1 - (1<<63-1)%time.Millisecond, -1 << 63: 0} {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		s.SetIdleTimeout(d)
		if err := s.Commit(t.Context()); err != nil && d > time.Second {
			t.Error(err)
		}
		if got := s.IdleTimeout(); !s.IsNew() && got != want {
			t.Errorf("%v becomes %v, want %v", d, got, want)
		}
	}
}
