package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

var retired = map[string]bool{"the old one was retired": true, "the old one was not retired": false}

// unknown returns a session whose renewal, by the given change, has an unknown outcome.
func unknown(t *testing.T, start state, happens bool, change func(*session.Session[state])) (*probe, session.Token, *session.Session[state]) {
	t.Helper()
	store := newProbe()
	old := stored(t, store, start)
	s := load(t, store, old)
	change(s)
	losing(t, store, old, happens)
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	store.before = nil
	return store, old, s
}

func renewAndCount(s *session.Session[state]) { s.Renew(); s.Update(increment) }

// Another request renewed the session: it goes on, and a log-out must not say done.
func TestALogOutAfterARenewalOfUnknownOutcomeAndAnothers(t *testing.T) {
	store, old, s := unknown(t, state{User: "ada"}, false, renew)
	other := load(t, store, old)
	other.Renew()
	commit(t, other)
	s.Destroy()
	if err := s.Commit(t.Context()); err == nil && live(t, store) > 0 {
		t.Errorf("the log-out is done, and %d sessions live", live(t, store))
	}
}

func TestARenewalOfUnknownOutcomeThatIsTakenBack(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store, _, s := unknown(t, state{Count: 1}, happens, logIn("ada"))
			s.Update(func(v *state) { v.User = "" })
			if err := s.Commit(t.Context()); err != nil {
				t.Error(err)
			}
			token, _ := s.Token()
			if v := load(t, store, token).Value(); live(t, store) != 1 || v.Count != 1 || v.User != "" {
				t.Errorf("%d sessions live; this one: %+v", live(t, store), v)
			}
		})
	}
}

func TestADeadlineThatEndsARenewalOfUnknownOutcome(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store, _, s := unknown(t, state{User: "ada"}, happens, renew)
			s.SetDeadline(time.Time{})
			if err := s.Commit(t.Context()); err != nil || live(t, store) != 0 {
				t.Errorf("%v; %d sessions live", err, live(t, store))
			}
		})
	}
}

// The reply of Retire is lost, then that of the successor's second Save.
func TestTwoLostRepliesOfARenewal(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store, old, s := unknown(t, state{Count: 1}, happens, renewAndCount)
			store.once("Save", func() error {
				for rec := range store.Store.All(t.Context()) {
					if rec.ID != old.ID() {
						store.Store.Save(t.Context(), &rec)
					}
				}
				return errDown
			})
			s.Commit(t.Context())
			if err := s.Commit(t.Context()); err != nil && !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v, which says that another request ended the session", err)
			}
			s.Discard()
			if s.Gone() {
				t.Error("the session that the visitor keeps is gone")
			}
		})
	}
}

// RevokeAll ends the successor before a log-in goes on.
func TestALogInWhoseSuccessorWasRevoked(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store, _, s := unknown(t, state{Count: 1}, happens, logInAs("ada"))
			for rec := range store.ByOwner(t.Context(), "ada") {
				store.Store.Delete(t.Context(), rec.ID)
			}
			store.calls()
			err := s.Commit(t.Context())
			if err != nil {
				t.Errorf("the log-in fails: %v, after %d bytes of calls", err, len(store.calls()))
			}
			if v := s.Value(); v.User != "ada" || !happens && v.Count != 1 {
				t.Errorf("the session holds %+v", v)
			}
		})
	}
}

// After the marker's end, nothing tells a complete renewal from a log-out in
// another request. The session ends, and the commit says so.
func TestARenewalThatGoesOnAfterItsMarker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _, s := unknown(t, state{Count: 1}, true, renew)
		time.Sleep(2 * time.Minute)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 0 {
			t.Errorf("%v, and %d sessions", err, live(t, store))
		}
	})
}

// Discard after the response has begun must not move the session to a token that
// the client will not get.
func TestDiscardOfALateRenewal(t *testing.T) {
	store, old, s := unknown(t, state{Count: 1}, false, renew)
	hooks.Of(s).Detach(t.Context())
	s.Discard()
	s.Update(increment)
	if err := s.Commit(t.Context()); err == nil && load(t, store, old).Value().Count != 2 {
		t.Error("saved where the client cannot see it")
	}
}

// After Discard, one of the two tokens works, not both.
func TestDiscardOfARenewalRetiresTheOldSession(t *testing.T) {
	store, old, s := unknown(t, state{User: "ada"}, false, renew)
	s.Discard()
	commit(t, s)
	if token, _ := s.Token(); !token.Equal(old) && !load(t, store, old).IsNew() {
		t.Error("both tokens work")
	}
}

// A log-in goes on if the store finds again what it had lost.
func TestALogInOfASessionThatIsBack(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{User: "ada"}))
	s.Update(increment)
	store.once("Save", func() error { return session.ErrNotFound })
	s.Commit(t.Context())
	s.LogIn(logInEdit("ada"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	store.calls()
	if err := s.Commit(ctx); err != nil {
		t.Errorf("%v, after %d bytes of calls", err, len(store.calls()))
	}
}

// A handler that discards a renewal of unknown outcome answers by itself, also
// while the store is down. The client gets the token of the stored record.
func TestDiscardOfARenewalWhileTheStoreIsDown(t *testing.T) {
	store, old, s := unknown(t, state{Count: 1}, true, renewAndCount)
	store.before = func(string) error { return errDown }
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("with the change: got %v", err)
	}
	s.Discard()
	commit(t, s)
	store.before = nil
	token, _ := s.Token()
	if token.Equal(old) || load(t, store, token).Value().Count != 2 {
		t.Error("the client gets no token that works")
	}
	commit(t, s)
	if s.Value().Count != 2 || live(t, store) != 1 {
		t.Errorf("the session holds %+v, and %d live", s.Value(), live(t, store))
	}
}

// The cookie that a transport sends with the new token describes the new record.
func TestTheCookieOfARenewalOfUnknownOutcome(t *testing.T) {
	_, _, s := unknown(t, state{Count: 1}, true, func(s *session.Session[state]) { s.Persist(false) })
	if token, _ := s.Token(); s.Persistent() || s.ID() != token.ID() {
		t.Errorf("persistent %v", s.Persistent())
	}
}

func TestTheEventOfARenewalThatIsCompleted(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{User: "ada"})
	var last session.Event
	policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { last = e }}
	s := loadWith(t, store, policy, old)
	s.Renew()
	losing(t, store, old, false)
	s.Commit(t.Context())
	store.before = nil
	s.Discard()
	commit(t, s)
	if last.Kind != session.EventRenewed || last.ID != s.ID() || last.Owner != "ada" {
		t.Errorf("%+v", last)
	}
}

func TestALogOutWhileARenewalIsCompleted(t *testing.T) {
	for name, happens := range retired {
		for _, op := range []string{"Exists", "Retire"} {
			t.Run(name+", during "+op, func(t *testing.T) {
				store, _, s := unknown(t, state{User: "ada"}, happens, renew)
				store.once(op, func() error { s.Destroy(); return nil })
				commit(t, s)
				commit(t, s)
				if _, ok := s.Token(); ok || !s.IsNew() || live(t, store) != 0 {
					t.Errorf("%d sessions live", live(t, store))
				}
			})
		}
	}
}

// A log-out ends both records, and says so only when it knows.
func TestALogOutAfterARenewalOfUnknownOutcome(t *testing.T) {
	for _, op := range []string{"Delete", "Load"} {
		t.Run(op+" fails", func(t *testing.T) {
			store, _, s := unknown(t, state{User: "ada"}, true, renew)
			s.Destroy()
			if _, ok := s.Token(); ok {
				t.Error("a destroyed session has a token")
			}
			store.once(op, func() error { return errDown })
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			commit(t, s)
			if live(t, store) != 0 {
				t.Errorf("%d sessions live", live(t, store))
			}
		})
	}
}
