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

var errDown = errors.New("the server is down")

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

func TestEditsAreReplayedOnWhatAnotherRequestLeft(t *testing.T) {
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

func TestWhatEndedStaysEnded(t *testing.T) {
	ends := map[string]func(*testing.T, *probe, session.Token){
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
	for end, ended := range ends {
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

func TestDestroyThatFindsTheSessionRenewedSaysSo(t *testing.T) {
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
	fresh := session.New(store, nil)
	fresh.Update(increment)
	fresh.Destroy()
	commit(t, fresh)
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

func TestChangesWhileACommitIsUnderWay(t *testing.T) {
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

func TestMethodsAreSafeForConcurrentUse(t *testing.T) {
	store := newProbe()
	s := session.New(store, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				s.Update(increment)
				if i%2 == 0 {
					if err := s.Commit(t.Context()); err != nil {
						t.Error(err)
					}
				}
				_, _, _, _, _ = s.Value(), s.ID(), s.Modified(), s.Changes(), s.Expires()
				session.Take(s, func(v *state) *[]string { return &v.Notes })
			}
		})
	}
	wg.Wait()
	commit(t, s)
	token, _ := s.Token()
	if got := load(t, store, token).Value().Count; got != 400 {
		t.Errorf("%d, want 400", got)
	}
	if live(t, store) != 1 {
		t.Errorf("%d sessions were made", live(t, store))
	}
}

func TestAWaitingCommitGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		store.once("Save", func() error { time.Sleep(time.Minute); return nil })
		done := make(chan error)
		go func() { done <- s.Commit(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Commit(ctx); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if s.Value().Count != 1 { // and reading did not wait for the store
			t.Error("the value is lost")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWaitingCommitsComeOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		store.before = func(op string) error { time.Sleep(time.Minute); return nil }
		for range 2 {
			for range 3 {
				s.Update(increment)
				go func() {
					if err := s.Commit(context.Background()); err != nil {
						t.Error(err)
					}
				}()
				synctest.Wait()
			}
			time.Sleep(10 * time.Minute)
		}
		if got := store.calls(); got != "Save Save Save Save" || s.Modified() {
			t.Errorf("calls %q", got)
		}
	})
}

func TestErrorsOfTheStore(t *testing.T) {
	decode := &session.DecodeError{Err: errDown}
	encode := &session.EncodeError{Err: errDown}
	for _, test := range []struct{ give, want error }{
		{errDown, session.ErrUnavailable},
		{context.DeadlineExceeded, session.ErrUnavailable},
		{session.ErrTooLarge, session.ErrTooLarge},
		{session.ErrNotFound, session.ErrGone},
		{session.ErrGone, session.ErrGone},
		{decode, decode},
		{encode, encode},
	} {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		store.once("Save", func() error { return test.give })
		err := s.Commit(t.Context())
		if !errors.Is(err, test.want) || errors.Is(err, session.ErrUnavailable) != (test.want == session.ErrUnavailable) {
			t.Errorf("%v became %v", test.give, err)
		}
	}
}
