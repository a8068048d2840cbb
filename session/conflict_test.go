package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
)

func TestConcurrentIncrementsAllSurvive(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			s, err := session.Load(t.Context(), store, nil, token)
			if err != nil {
				t.Error(err)
				return
			}
			s.Update(increment)
			if err := s.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := load(t, store, token).Value().Count; got != 51 {
		t.Errorf("%d, want 51", got)
	}
}

func TestEditsAreReplayedOnTheNewerValue(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	first, second := load(t, store, token), load(t, store, token)
	first.Update(increment)
	first.Update(func(v *state) { v.Notes = append(v.Notes, "first") })
	second.Update(func(v *state) { v.Count *= 10; v.Notes = append(v.Notes, "second") })
	commit(t, second)
	commit(t, first)
	want := state{Count: 11, Notes: []string{"second", "first"}}
	for _, s := range []*session.Session[state]{first, load(t, store, token)} {
		if diff := cmp.Diff(want, s.Value()); diff != "" {
			t.Error(diff)
		}
	}
	first.Update(increment) // on the revision that the conflict left
	store.calls()
	commit(t, first)
	if got := store.calls(); got != "Save" {
		t.Errorf("calls %q", got)
	}
}

func TestReplayThatChangesNothingWritesNothing(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(func(v *state) { v.Count = 5 })
	other := load(t, store, token)
	other.Update(func(v *state) { v.Count = 5 })
	commit(t, other)
	store.calls()
	commit(t, s)
	if got := store.calls(); got != "Save Load" {
		t.Errorf("calls %q", got)
	}
}

func TestEndlessConflictEndsInErrConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(increment)
		store.before = func(op string) error {
			if op == "Save" {
				return session.ErrConflict
			}
			return nil
		}
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrConflict) {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := s.Commit(ctx); !errors.Is(err, session.ErrConflict) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if !s.Modified() {
			t.Error("the change is not pending any more")
		}
		store.before = nil
		commit(t, s)
		if got := load(t, store, token).Value().Count; got != 2 {
			t.Errorf("%d, want 2", got)
		}
	})
}

func TestReplayDoesNotWriteToMemoryOfTheEdit(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	notes := []string{"a"}
	s.Update(func(v *state) { v.Notes = notes })
	s.Update(func(v *state) { v.Notes[0] += "!" })
	meanwhile(t, store, token, "Save", 2, increment)
	commit(t, s)
	if got := load(t, store, token).Value().Notes[0]; got != "a!" || notes[0] != "a" {
		t.Errorf("stored %q, and the caller's slice holds %q", got, notes[0])
	}
}

func TestAPanicInReplayLeavesNothingBehind(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1, Notes: []string{"x"}})
	s := load(t, store, old)
	s.Update(func(v *state) { v.User, v.Notes[0] = "ada", "y" })
	meanwhile(t, store, old, "Retire", 1, func(v *state) { v.Notes = nil })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		s.Commit(t.Context())
	}()
	if live(t, store) != 1 {
		t.Errorf("%d live sessions", live(t, store))
	}
	s.Discard()
	commit(t, s)
	s.Update(increment)
	commit(t, s)
}

func TestAPanicOfALaterEditFailsTheNextCommit(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1, Notes: []string{"x"}})
	s := load(t, store, token)
	s.Update(increment)
	meanwhile(t, store, token, "Save", 1, func(v *state) { v.Notes = nil })
	conflict := store.before
	store.before = func(op string) error {
		if op == "Save" && s.Value().Count == 2 {
			s.Update(func(v *state) { v.Count += 100; v.Notes[0] = "y" })
		}
		return conflict(op)
	}
	commit(t, s)
	if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok || !s.Modified() {
		t.Error("an edit that was lost is not reported")
	}
	if diff := cmp.Diff(state{Count: 2}, load(t, store, token).Value()); diff != "" {
		t.Error(diff)
	}
}

// Only a write whose outcome is unknown makes a conflict that follows a failure,
// and only until another one succeeds.
func TestAConflictIsResolvedAfterAFailureThatWroteNothing(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, store *probe, s *session.Session[state]){
		"a touch": func(t *testing.T, store *probe, s *session.Session[state]) {
			time.Sleep(30 * time.Minute)
			store.once("Touch", func() error { return errDown })
			commit(t, s)
		},
		"a write that was made again": func(t *testing.T, store *probe, s *session.Session[state]) {
			store.once("Save", func() error { return errDown })
			s.Update(increment)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got error %v", err)
			}
			commit(t, s)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{User: "ada"})
			s := load(t, store, token)
			fail(t, store, s)
			other := load(t, store, token)
			other.Update(increment)
			commit(t, other)
			s.Update(increment)
			if err := s.Commit(t.Context()); err != nil {
				t.Errorf("after %s: %v", name, err)
			}
		})
	}
}

// A renewal that a conflict makes unnecessary is not made: its record goes.
func TestAConditionalEditOnTheNewerValue(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(func(v *state) {
		v.Notes = append(v.Notes, "tried")
		if v.Count == 1 {
			v.User = "ada"
		}
	})
	store.once("Retire", func() error {
		other := load(t, store, token)
		other.Update(increment)
		commit(t, other)
		return nil
	})
	commit(t, s)
	if got := load(t, store, token).Value(); got.User != "" || got.Count != 2 || len(got.Notes) != 1 || live(t, store) != 1 {
		t.Errorf("%+v, and %d live sessions", got, live(t, store))
	}
}

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
