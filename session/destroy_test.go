package session_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

func TestEndedSessionsStayEnded(t *testing.T) {
	endings := map[string]func(*testing.T, *probe, session.Token){
		"destroyed": func(t *testing.T, store *probe, token session.Token) {
			s := load(t, store, token)
			s.Destroy()
			commit(t, s)
		},
		"renewed": func(t *testing.T, store *probe, token session.Token) {
			s := load(t, store, token)
			s.Renew()
			commit(t, s)
		},
		"logged in": func(t *testing.T, store *probe, token session.Token) {
			s := load(t, store, token)
			s.Update(func(v *state) { v.User = "ada" })
			commit(t, s)
		},
		"expired": func(t *testing.T, store *probe, token session.Token) { time.Sleep(2 * time.Hour) },
	}
	uses := map[string]struct {
		use  func(*session.Session[state])
		want error
	}{
		"reads":            {func(s *session.Session[state]) {}, nil},
		"changes":          {func(s *session.Session[state]) { s.Update(increment) }, session.ErrGone},
		"renews":           {func(s *session.Session[state]) { s.Renew() }, session.ErrGone},
		"logs in":          {func(s *session.Session[state]) { s.Update(func(v *state) { v.User = "eve" }) }, session.ErrGone},
		"sets persistence": {func(s *session.Session[state]) { s.Persist(false) }, session.ErrGone},
		"sets its end":     {func(s *session.Session[state]) { s.SetDeadline(time.Now().Add(time.Hour)) }, session.ErrGone},
	}
	for end, ended := range endings {
		for use, test := range uses {
			t.Run(end+", and another request "+use, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					token := stored(t, store, state{Count: 1})
					s := load(t, store, token)
					time.Sleep(30 * time.Minute) // so that reading has to touch
					ended(t, store, token)
					before := live(t, store)
					test.use(s)
					if err := s.Commit(t.Context()); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
						t.Errorf("Commit: %v, want %v", err, test.want)
					}
					if err := s.Commit(t.Context()); (err == nil) != (test.want == nil) {
						t.Errorf("second Commit: %v, want %v", err, test.want)
					}
					if !s.Gone() {
						t.Error("the session does not know that it is gone")
					}
					if _, err := store.Store.Load(t.Context(), token.ID()); err == nil {
						t.Error("the session is back")
					}
					if got := live(t, store); got != before {
						t.Errorf("%d live sessions, want %d", got, before)
					}
				})
			})
		}
	}
}

func TestASecondDestroyIsNoError(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	first, second := load(t, store, token), load(t, store, token)
	first.Destroy()
	second.Destroy()
	commit(t, first)
	commit(t, second)
}

func TestDestroyOfARenewedSessionReturnsErrGone(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, late := load(t, store, token), load(t, store, token)
	s.Renew()
	commit(t, s)
	late.Destroy()
	later := load(t, store, token)
	later.Destroy()
	for name, s := range map[string]*session.Session[state]{"in flight": late, "after it": later} {
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || !s.Modified() {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if live(t, store) != 1 {
		t.Error("the renewed session is gone")
	}
}

func TestDestroy(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	old, _ := s.Token()
	s.Update(increment)
	s.Destroy()
	if !s.Modified() || !s.IsNew() || s.Value().Count != 0 {
		t.Error("Destroy leaves something")
	}
	s.Update(func(v *state) { v.Notes = []string{"bye"} })
	commit(t, s)
	token, ok := s.Token()
	if !ok || token.Equal(old) || s.Modified() {
		t.Error("what comes after Destroy is no new session")
	}
	if diff := cmp.Diff(state{Notes: []string{"bye"}}, load(t, store, token).Value()); diff != "" {
		t.Error(diff)
	}
	if !load(t, store, old).IsNew() {
		t.Error("the old session is there")
	}

	store.calls()
	unstored := session.New(store, nil)
	unstored.Update(increment)
	unstored.Destroy()
	commit(t, unstored)
	if got := store.calls(); got != "" {
		t.Errorf("destroying a new session calls %q", got)
	}
}

func TestAFailedDestroyIsTriedAgain(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Destroy()
	store.once("Delete", func() error { return errDown })
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errDown) || !s.Modified() {
		t.Errorf("got %v", err)
	}
	commit(t, s)
	if live(t, store) != 0 {
		t.Error("the session is there")
	}
}

func TestEveryDestroyedSessionIsDeleted(t *testing.T) {
	for range 2000 {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		commit(t, s)
		var wg sync.WaitGroup
		wg.Go(func() { s.Update(increment); s.Commit(t.Context()) })
		wg.Go(func() { s.Destroy(); s.Update(increment); s.Destroy() })
		wg.Wait()
		s.Destroy()
		commit(t, s)
		commit(t, s)
		if n := live(t, store); n != 0 {
			t.Fatalf("%d live sessions", n)
		}
	}
}

// A commit that asks the store for nothing does not know what is there.
func TestDestroyLongAfterTheLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s, other := load(t, store, token), load(t, store, token)
		other.Renew()
		commit(t, other)
		time.Sleep(31 * time.Second)
		s.Update(func(*state) {})
		commit(t, s)
		s.Destroy()
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 1 {
			t.Errorf("got %v, and %d live sessions", err, live(t, store))
		}
	})
}

// When Delete takes longer than the marker of a renewed session stays, an absent
// session may go on elsewhere.
func TestDestroyThatTakesLongerThanTheMarker(t *testing.T) {
	for name, test := range map[string]struct {
		slow time.Duration
		want error
	}{"quick": {time.Second, nil}, "slow": {31 * time.Second, session.ErrGone}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				s.Destroy()
				store.once("Delete", func() error {
					if test.want != nil {
						other := load(t, store, token)
						other.Renew()
						commit(t, other)
					}
					time.Sleep(test.slow)
					return nil
				})
				if err := s.Commit(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			})
		})
	}
}

func TestASessionThatExpiresDuringARequest(t *testing.T) {
	for _, policy := range []*session.Policy{{Lifetime: time.Hour}, {IdleTimeout: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			s := session.New(store, policy)
			s.Update(increment)
			commit(t, s)
			time.Sleep(59 * time.Minute)
			token, _ := s.Token()
			s = loadWith(t, store, policy, token)
			time.Sleep(2 * time.Minute)
			s.Update(increment)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestALogOutWhoseReplyWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		time.Sleep(6 * time.Second) // a slow handler
		s.Destroy()
		store.once("Delete", func() error { store.Store.Delete(t.Context(), token.ID()); return errDown })
		s.Commit(t.Context())
		commit(t, s)
	})
}

func TestTwoLogOutsOfSlowRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		a, b := load(t, store, token), load(t, store, token)
		time.Sleep(6 * time.Second)
		a.Destroy()
		b.Destroy()
		commit(t, a)
		commit(t, b)
	})
}

// A log-out that met a renewal fails, but does not keep a log-in after it from working.
func TestALogInAfterALogOutThatMetARenewal(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	other.Renew()
	commit(t, other)
	s.Destroy()
	s.Commit(t.Context())
	s.LogIn(logInEdit("ada"))
	commit(t, s)
}

// Destroy during a log-in that begins anew leaves the other request's session.
func TestALogOutDuringALogInThatBeginsAnew(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{User: "ada"})
	s, other := load(t, store, old), load(t, store, old)
	other.Renew()
	commit(t, other)
	s.LogIn(logInEdit("ada"))
	saves := 0
	store.before = func(op string) error {
		if op == "Save" {
			if saves++; saves == 2 {
				s.Destroy()
			}
		}
		return nil
	}
	commit(t, s)
	if err := s.Commit(t.Context()); err == nil && live(t, store) != 0 {
		t.Error("the log-out is done, and the renewed session lives")
	}
}
