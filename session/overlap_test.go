package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// An edit that commits panics, also while another goroutine commits.
func TestAnEditThatCommitsBesideACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		ctx, cancel := context.WithCancel(t.Context()) // ends the deadlock
		other := make(chan bool)
		var panicked any
		go func() {
			defer func() { panicked = recover() }()
			s.Update(func(*state) { <-other; s.Commit(ctx) })
		}()
		synctest.Wait()
		go s.Commit(context.Background())
		synctest.Wait()
		close(other)
		synctest.Wait()
		cancel()
		synctest.Wait()
		if panicked == nil {
			t.Error("the edit waited for its own end")
		}
	})
}

// aRunningEdit starts an edit that adds 100 and whose first run waits for release.
func aRunningEdit(s *session.Session[state], release chan bool) {
	begun := make(chan bool)
	first := true
	go s.Update(func(v *state) {
		if first {
			first = false
			close(begun)
			<-release
		}
		v.Count += 100
	})
	<-begun
}

// An edit that runs while a commit ends loses neither its own change nor others.
func TestAnEditThatRunsWhileACommitEnds(t *testing.T) {
	for name, test := range map[string]struct {
		during func(*session.Session[state])
		want   int
	}{
		"alone":                 {func(*session.Session[state]) {}, 102},
		"after a finished edit": {func(s *session.Session[state]) { s.Update(increment) }, 103},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				s.Update(increment)
				release, saves := make(chan bool), 0
				store.before = func(op string) error {
					if op != "Save" {
						return nil
					}
					saves++
					switch hook := store.before; saves {
					case 1:
						store.before = nil
						other := load(t, store, token)
						other.Update(func(v *state) { v.Notes = []string{"other"} })
						commit(t, other)
						store.before = hook
					case 2: // the edits have been replayed
						test.during(s)
						aRunningEdit(s, release)
					}
					return nil
				}
				done := make(chan error)
				go func() { done <- s.Commit(context.Background()) }()
				time.Sleep(time.Second)
				close(release)
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				commit(t, s)
				if v := load(t, store, token).Value(); v.Count != test.want || len(v.Notes) != 1 {
					t.Errorf("stored %+v, want count %d and the other request's note", v, test.want)
				}
			})
		})
	}
}

func TestAnEditThatRunsWhileADiscardedCommitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(func(v *state) { v.Notes = []string{"saved"} })
		release := make(chan bool)
		store.once("Save", func() error { s.Discard(); aRunningEdit(s, release); return nil })
		done := make(chan error)
		go func() { done <- s.Commit(context.Background()) }()
		time.Sleep(time.Second)
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		commit(t, s)
		if v := load(t, store, token).Value(); v.Count != 101 || len(v.Notes) != 1 {
			t.Errorf("stored %+v", v)
		}
	})
}

// A commit that gives up waiting for a running edit leaves later edits committable.
func TestACommitThatGivesUpOnARunningEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		s.Update(increment)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		release := make(chan bool)
		meanwhile(t, store, token, "Save", 1, increment)
		conflict, saves := store.before, 0
		store.before = func(op string) error {
			if op == "Save" {
				if saves++; saves == 2 {
					s.Update(increment)
					aRunningEdit(s, release)
				}
			}
			return conflict(op)
		}
		// saves counts other's Save too: the hook is off during it
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		close(release)
		synctest.Wait()
		store.before = nil
		if err := s.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		if v := load(t, store, token).Value(); v.Count != 104 {
			t.Errorf("count %d", v.Count)
		}
	})
}
