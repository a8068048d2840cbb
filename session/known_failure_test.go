package session_test

import (
	"errors"
	"testing"

	"github.com/seed48429006/sessions/session"
)

// A commit that met a conflict wrote nothing. If the load after it fails, the
// outcome is known, and a further commit replays the edits.
func TestAFailedLoadAfterAConflict(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	other.Update(increment)
	commit(t, other)
	s.Update(increment)
	store.once("Load", func() error { return errDown })
	s.Commit(t.Context())
	commit(t, s)
	if got := load(t, store, token).Value().Count; got != 3 {
		t.Errorf("count %d", got)
	}
}

// A store that finds no session to save, and has it when it is asked, is not
// asked for ever.
func TestALogInThatIsNeverSaved(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	s.LogIn(logInEdit("ada"))
	store.before = func(op string) error {
		if op == "Save" {
			return session.ErrNotFound
		}
		return nil
	}
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

// A value that cannot be stored is reported, also if it was set during a commit
// that met a conflict.
func TestAValueThatCannotBeStoredIsReportedAfterAConflict(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	meanwhile(t, store, token, "Save", 1, increment)
	conflict := store.before
	store.before = func(op string) error {
		if op == "Save" && s.Value().Count == 2 {
			loop := state{}
			loop.Next = &loop
			s.Set(loop)
			note("later")(s)
		}
		return conflict(op)
	}
	commit(t, s)
	if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
		t.Error("it is not reported")
	}
}
