package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestDiscard(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	s.Renew()
	s.Persist(false)
	s.SetDeadline(time.Now())
	s.Discard()
	if s.Modified() || s.Value().Count != 1 {
		t.Error("Discard leaves something")
	}
	s.Destroy()
	s.Update(increment)
	s.Discard()
	commit(t, s)
	if live(t, store) != 0 {
		t.Error("Discard took Destroy back")
	}
}

func TestUpdatesDuringACommit(t *testing.T) {
	t.Run("Update", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(increment)
		store.once("Save", func() error { s.Update(func(v *state) { v.Count *= 10 }); return nil })
		commit(t, s)
		if got := load(t, store, token).Value().Count; got != 2 {
			t.Errorf("%d is stored, want 2", got)
		}
		if !s.Modified() || s.Value().Count != 20 {
			t.Errorf("Modified %v, %d", s.Modified(), s.Value().Count)
		}
		commit(t, s)
		if got := load(t, store, token).Value().Count; got != 20 {
			t.Errorf("%d is stored, want 20", got)
		}
	})
	t.Run("Destroy", func(t *testing.T) {
		for _, start := range []state{{}, {Count: 1}} {
			store := newProbe()
			s := session.New(store, nil)
			s.Set(start)
			commit(t, s)
			s.Update(increment)
			store.once("Save", func() error { s.Destroy(); return nil })
			commit(t, s)
			commit(t, s)
			if _, ok := s.Token(); ok || live(t, store) != 0 {
				t.Errorf("from %v: a destroyed session lives", start)
			}
		}
	})
	t.Run("Persist and Renew", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		store.once("Save", func() error { s.Persist(false); s.Renew(); return nil })
		commit(t, s)
		before := s.ID()
		commit(t, s)
		if s.Persistent() || s.ID() == before {
			t.Error("lost")
		}
	})
}

// Each row acts while the store saves an update.
func TestChangesDuringACommit(t *testing.T) {
	for name, test := range map[string]struct {
		act   func(*session.Session[state])
		check func(*session.Session[state]) bool
	}{
		"Persist": {
			func(s *session.Session[state]) { s.Persist(false) },
			func(s *session.Session[state]) bool { return !s.Persistent() },
		},
		"Persist and back": {
			func(s *session.Session[state]) { s.Persist(false); s.Persist(true) },
			(*session.Session[state]).Persistent,
		},
		"Discard": {
			func(s *session.Session[state]) { s.Update(increment); s.Discard() },
			func(s *session.Session[state]) bool { return s.Value().Count == 2 },
		},
		"Discard and Update": {
			func(s *session.Session[state]) { s.Update(increment); s.Discard(); s.Update(increment) },
			func(s *session.Session[state]) bool { return s.Value().Count == 3 },
		},
		"SetDeadline": {
			func(s *session.Session[state]) { s.SetDeadline(time.Unix(0, 0)) },
			(*session.Session[state]).IsNew,
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.Update(increment)
			store.once("Save", func() error { test.act(s); return nil })
			commit(t, s)
			commit(t, s)
			if !test.check(s) {
				t.Errorf("lost: %+v, persistent: %v", s.Value(), s.Persistent())
			}
		})
	}
}

func TestDiscardDuringAFailingCommit(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	s.Persist(false)
	store.once("Save", func() error { s.Discard(); return errDown })
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if s.Modified() || s.Value().Count != 1 {
		t.Errorf("pending: %+v", s.Value())
	}
}

func TestAFailedCommitKeepsChangesInTheirOrder(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(func(v *state) { v.Notes = append(v.Notes, "first") })
	store.once("Save", func() error {
		s.Update(func(v *state) { v.Notes = append(v.Notes, "second") })
		return session.ErrTooLarge
	})
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	other := load(t, store, token) // so that the edits are replayed
	other.Update(func(v *state) { v.Notes = append(v.Notes, "other") })
	commit(t, other)
	commit(t, s)
	if got := strings.Join(load(t, store, token).Value().Notes, " "); got != "other first second" {
		t.Errorf("got %q", got)
	}
}

func TestDiscardDuringASuccessfulCommit(t *testing.T) {
	store := newProbe()
	s := session.New(store, nil)
	s.Update(increment)
	store.once("Save", func() error { s.Discard(); return nil })
	commit(t, s)
	commit(t, s)
	if live(t, store) != 1 || s.Value().Count != 1 {
		t.Error("a session whose Commit returned nil is gone")
	}
}

func TestOptionsOfANewSessionApplyWhenItIsStored(t *testing.T) {
	store := newProbe()
	s := session.New(store, nil)
	s.Persist(false)
	commit(t, s)
	s.Update(increment)
	commit(t, s)
	if s.Persistent() {
		t.Error("Persist(false) is forgotten")
	}
}

// An option that sets the present state costs nothing.
func TestOptionsThatChangeNothing(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	store.calls()
	s.Persist(s.Persistent())
	s.SetDeadline(s.Deadline())
	if s.Modified() {
		t.Error("there is something to commit")
	}
	commit(t, s)
	if got := store.calls(); got != "" {
		t.Errorf("calls %q", got)
	}
}

// A commit sets an option once. If another request changes the option later, the
// next commit does not set it again.
func TestOptionsAreSavedOnce(t *testing.T) {
	store, soon := newProbe(), time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	token := stored(t, store, state{Count: 1})
	s, other := load(t, store, token), load(t, store, token)
	s.SetDeadline(soon)
	commit(t, s)
	other.SetDeadline(soon.Add(-time.Minute))
	commit(t, other)
	s.Update(increment)
	commit(t, s)
	if !s.Deadline().Equal(soon.Add(-time.Minute)) {
		t.Errorf("the deadline is %v, want what the other request set", s.Deadline())
	}
}
