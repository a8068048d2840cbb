package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

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

func TestCommitsRunOneAfterTheOther(t *testing.T) {
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

func TestAnUpdateDuringACommitIsVisible(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	runs := 0
	var counts []int
	store.once("Save", func() error {
		s.Update(func(v *state) {
			v.Count += 100
			if runs++; runs == 2 {
				counts = append(counts, s.Value().Count)
			}
		})
		other := load(t, store, token)
		other.Update(increment)
		return other.Commit(t.Context())
	})
	commit(t, s)
	if counts = append(counts, s.Value().Count); !slices.Equal(counts, []int{102, 103}) {
		t.Errorf("a reader sees %v", counts)
	}
}
