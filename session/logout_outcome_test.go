package session_test

import (
	"testing"
	"testing/synctest"
	"time"
)

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
