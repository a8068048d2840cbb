package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestAChangeAfterAnEndBySetDeadlineBeginsANewSession(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.SetDeadline(time.Now().Add(-time.Hour))
	commit(t, s)
	s.Update(increment)
	commit(t, s)
	token, ok := s.Token()
	if !ok || token.Equal(old) || load(t, store, token).Value().Count != 1 {
		t.Error("the change is not stored")
	}
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

func TestADiscardedChangeDoesNotComeBackAfterAFailedCommit(t *testing.T) {
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

func TestCommitDoesNotWaitForAnEditBeyondItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		release := make(chan struct{})
		go s.Update(func(v *state) { <-release; v.Count += 10 })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := s.Commit(ctx); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		close(release)
		synctest.Wait()
		commit(t, s)
		if s.Value().Count != 12 {
			t.Errorf("count %d", s.Value().Count)
		}
	})
}

func TestAnEditThatEditsPanics(t *testing.T) {
	for name, act := range map[string]func(s *session.Session[state]){
		"Update": func(s *session.Session[state]) { s.Update(increment) },
		"Set":    func(s *session.Session[state]) { s.Set(state{}) },
		"Take":   func(s *session.Session[state]) { session.Take(s, func(v *state) *int { return &v.Count }) },
		"LogIn":  func(s *session.Session[state]) { s.LogIn(increment) },
		"Commit": func(s *session.Session[state]) { s.Commit(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := session.New(newProbe(), nil)
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, "an edit must modify only its argument") {
					t.Errorf("panicked with %q", p)
				}
				s.Update(increment) // the session still works
				if s.Value().Count != 1 {
					t.Errorf("count %d", s.Value().Count)
				}
			}()
			s.Update(func(v *state) { v.Count = 7; act(s) })
		})
	}
}

func TestSessionsOfDifferentGoroutinesWaitForEachOthersEdits(t *testing.T) {
	s, begun, release := session.New(newProbe(), nil), make(chan bool), make(chan bool)
	go s.Update(func(v *state) { close(begun); <-release; v.Count++ })
	<-begun
	done := make(chan bool)
	go func() { s.Update(increment); close(done) }()
	close(release)
	<-done
	if s.Value().Count != 2 {
		t.Errorf("count %d", s.Value().Count)
	}
}
