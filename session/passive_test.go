package session_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each row is a passive request, forty minutes after the session was used.
func TestAPassiveRequest(t *testing.T) {
	const idle, after = time.Hour, 40 * time.Minute
	shorter := func(s *session.Session[state]) { s.SetDeadline(time.Now().Add(10 * time.Minute)) }
	for name, test := range map[string]struct {
		act   request
		calls string
		left  time.Duration // until the session expires
		told  bool
	}{
		"reads":                       {read, "Load", idle - after, false},
		"makes a change of no effect": {func(s *session.Session[state]) { s.Update(func(*state) {}) }, "Load", idle - after, false},
		"changes":                     {count, "Load Load Save", idle - after, false},
		"sets an earlier deadline":    {shorter, "Load Load Save", 10 * time.Minute, false},
		"sets a later deadline":       {endIn(48 * time.Hour), "Load Load Save", idle - after, false},
		"logs in":                     {logIn("ada"), "Load Save", idle, true},
		"changes the owner":           {become("ada"), "Load Save", idle, true},
		"renews the token":            {renew, "Load Save", idle, true},
		"asks to be remembered":       {remember(true), "Load Save", 14 * day, true},
		"is none after all":           {func(s *session.Session[state]) { s.SetPassive(false) }, "Load Save", idle, true},
		"changes, and is none":        {both(count, func(s *session.Session[state]) { s.SetPassive(false) }), "Load Save", idle, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				policy := &session.Policy{RotateEvery: often}
				token := storedWith(t, store, policy, state{User: "eve"})
				time.Sleep(after)
				store.calls()
				s, err := visitWith(t, store, policy, token, passive, test.act)
				if err != nil {
					t.Fatal(err)
				}
				left := time.Until(record(t, store, token.ID()).Expires)
				if got := store.calls(); got != test.calls || left != test.left || !time.Now().Add(left).Equal(s.Expires()) {
					t.Errorf("calls %q, expires in %v", got, left)
				}
				if told := !tokenOf(s).Equal(token); told != test.told {
					t.Errorf("another token: %v", told)
				}
			})
		})
	}
}

// A page that polls does not keep its session alive, and neither do its changes.
func TestPollingDoesNotKeepASessionAlive(t *testing.T) {
	for name, act := range map[string]request{"reads": read, "changes": count} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				for range 59 {
					time.Sleep(time.Minute)
					must(t, store, token, passive, act)
				}
				if left := time.Until(load(t, store, token).Expires()); left != time.Minute {
					t.Errorf("it expires in %v", left)
				}
				time.Sleep(time.Minute)
				if got := standing(t, store, token); got != "unknown" {
					t.Errorf("its token is %s", got)
				}
			})
		})
	}
}

// A use while a passive request is under way counts, whichever of them writes first.
func TestAUseBesideAPassiveChange(t *testing.T) {
	for name, passiveFirst := range map[string]bool{"after it was loaded": false, "after it was saved": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				time.Sleep(50 * time.Minute)
				polls, reads := load(t, store, token), load(t, store, token)
				both(passive, count)(polls)
				all := []*session.Session[state]{reads, polls}
				if passiveFirst {
					all[0], all[1] = polls, reads
				}
				for _, s := range all {
					commit(t, s)
				}
				s := load(t, store, token)
				if left := time.Until(s.Expires()); left != time.Hour || s.Value().Count != 2 {
					t.Errorf("it expires in %v, and has %d", left, s.Value().Count)
				}
			})
		})
	}
}

// A touch changes no revision, so a passive change that is being saved takes it back. The
// next use makes up for it.
func TestAUseWhileAPassiveChangeIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		time.Sleep(50 * time.Minute)
		polls, reads := load(t, store, token), load(t, store, token)
		both(passive, count)(polls)
		store.once("Save", func() error { return reads.Commit(t.Context()) })
		commit(t, polls)
		if left := time.Until(load(t, store, token).Expires()); left != 10*time.Minute {
			t.Errorf("it expires in %v: the documentation says otherwise", left)
		}
		must(t, store, token, read)
		if left := time.Until(load(t, store, token).Expires()); left != time.Hour {
			t.Errorf("after the next use, it expires in %v", left)
		}
	})
}

// A passive change of a session without an idle timeout moves its end with the deadline.
func TestAPassiveDeadlineWithoutAnIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{IdleTimeout: -1}
		token := storedWith(t, store, policy, state{Count: 1})
		s, err := visitWith(t, store, policy, token, passive, endIn(48*time.Hour))
		if err != nil || time.Until(s.Expires()) != 48*time.Hour {
			t.Errorf("%v; it expires in %v", err, time.Until(s.Expires()))
		}
	})
}

// A passive change is refused as any other is.
func TestAPassiveChangeOfAnEndedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		both(passive, count)(s)
		must(t, store, token, logOut)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 0 {
			t.Error(err)
		}
	})
}
