package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

// losing makes every Retire happen, or not, and fail in any case.
func losing(t *testing.T, store *probe, token session.Token, happens bool) {
	store.before = func(op string) error {
		if op != "Retire" {
			return nil
		}
		if rec, err := store.Store.Load(t.Context(), token.ID()); err == nil && happens {
			for other := range store.Store.All(t.Context()) {
				if other.ID != rec.ID {
					store.Store.Retire(t.Context(), rec.ID, rec.Revision, other.ID, time.Now().Add(time.Minute))
				}
			}
		}
		return errDown
	}
}

// Whether the old session was retired stays unknown. The visitor keeps one of the
// two in any case.
func TestARenewalOfUnknownOutcome(t *testing.T) {
	for name, happens := range map[string]bool{"that happened": true, "that did not happen": false} {
		for end, act := range map[string]func(t *testing.T, store *probe, s *session.Session[state]){
			"a further commit": func(t *testing.T, store *probe, s *session.Session[state]) { store.before = nil; commit(t, s) },
			"Discard":          func(t *testing.T, _ *probe, s *session.Session[state]) { s.Discard() },
			"Discard during a commit": func(t *testing.T, store *probe, s *session.Session[state]) {
				failing := store.before
				store.before = func(op string) error {
					if op == "Retire" {
						s.Discard()
					}
					return failing(op)
				}
				s.Commit(t.Context())
			},
		} {
			t.Run(name+" and "+end, func(t *testing.T) {
				store := newProbe()
				old := stored(t, store, state{Count: 1})
				s := load(t, store, old)
				s.LogIn(logInEdit("ada"))
				losing(t, store, old, happens)
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
					t.Fatalf("got %v", err)
				}
				act(t, store, s)
				token, _ := s.Token()
				if v := load(t, store, token).Value(); token.Equal(old) || v.User != "ada" || v.Count != 1 {
					t.Errorf("the visitor's token leads to %+v", v)
				}
			})
		}
		t.Run(name+" and Destroy", func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			s.Renew()
			losing(t, store, old, happens)
			s.Commit(t.Context())
			store.before = nil
			s.Destroy()
			commit(t, s)
			if live(t, store) != 0 {
				t.Errorf("%d sessions live on", live(t, store))
			}
		})
	}
}

func TestALostReplyOfRetireIsAskedForAgain(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Renew()
	losing(t, store, old, true)
	failing := store.before
	failed := false
	store.before = func(op string) error {
		if op == "Retire" && failed {
			return nil
		}
		failed = failed || op == "Retire"
		return failing(op)
	}
	commit(t, s)
	if token, _ := s.Token(); token.Equal(old) || live(t, store) != 1 {
		t.Errorf("%d sessions", live(t, store))
	}
}

func TestAChangeWhoseReplyWasLostIsNotMadeTwice(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	store.once("Save", func() error {
		other := load(t, store, token) // stands for this very write
		other.Update(increment)
		commit(t, other)
		return errDown
	})
	for range 2 {
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
	if got := load(t, store, token).Value().Count; got != 2 {
		t.Errorf("one increment gave %d", got)
	}
	s.Discard()
	s.Update(increment)
	commit(t, s)
}

// A change that takes back one whose outcome is unknown is not nothing.
func TestUndoingAChangeOfUnknownOutcome(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	store.once("Save", func() error {
		written := load(t, store, token) // stands for this very write
		written.Update(increment)
		commit(t, written)
		return errDown
	})
	s.Update(increment)
	for range 2 {
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		s.Update(func(v *state) { v.Count = 1 })
	}
}
