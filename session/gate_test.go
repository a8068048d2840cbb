package session_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestEditsOfTwoGoroutinesRunOneAfterTheOther(t *testing.T) {
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

// Whoever comes first is first: a commit waits for the edits before it, and not for those
// after it.
func TestACommitIsNotOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		slow := func(v *state) { time.Sleep(time.Second); v.Count++ }
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { s.Update(slow) })
			synctest.Wait()
		}
		began := time.Now()
		wg.Go(func() {
			if err := s.Commit(context.Background()); err != nil || time.Since(began) != 3*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
		synctest.Wait()
		for range 5000 {
			wg.Go(func() { s.Update(slow) })
		}
		time.Sleep(4 * time.Second)
		if got := record(t, store, s.ID()).Value.Count; got != 4 {
			t.Errorf("the commit has the count %d, want 4", got)
		}
		wg.Wait()
		if got := s.Value().Count; got != 5004 {
			t.Errorf("count %d", got)
		}
	})
}

// Waiters are let through in the order in which they came, also when some give up.
func TestWaitersKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := loadWith(t, store, &session.Policy{SaveTimeout: time.Hour}, stored(t, store, state{Count: 1}))
		release := make(chan bool)
		go s.Update(func(v *state) { <-release })
		synctest.Wait()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if i%2 == 0 {
					s.Update(func(v *state) { v.Notes = append(v.Notes, string(rune('a'+i/2))) })
					return
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*time.Second)
				defer cancel()
				if err := s.Commit(ctx); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
			synctest.Wait()
		}
		time.Sleep(200 * time.Second)
		close(release)
		wg.Wait()
		for i, got := range s.Value().Notes {
			if got != string(rune('a'+i)) {
				t.Fatalf("the order is %q", s.Value().Notes)
			}
		}
		commit(t, s)
	})
}

// within are the calls that an edit must not make on its own session.
var within = map[string]request{
	"Update":      count,
	"Set":         func(s *session.Session[state]) { s.Set(state{}) },
	"Clear":       (*session.Session[state]).Clear,
	"Take":        func(s *session.Session[state]) { session.Take(s, func(v *state) *int { return &v.Count }) },
	"LogIn":       func(s *session.Session[state]) { s.LogIn(increment) },
	"Renew":       renew,
	"Remember":    remember(false),
	"SetDeadline": endIn(time.Hour),
	"Destroy":     logOut,
	"Discard":     (*session.Session[state]).Discard,
	"Commit":      commitNow,
}

func wantSentence(t *testing.T, p any) {
	t.Helper()
	if text, _ := p.(string); !strings.Contains(text, "an edit must modify only its argument") {
		t.Errorf("panicked with %v", p)
	}
}

func TestAnEditThatCallsItsSessionPanics(t *testing.T) {
	for name, act := range within {
		t.Run(name, func(t *testing.T) {
			s := session.New(newProbe(), nil)
			wantSentence(t, panics(func() { s.Update(func(v *state) { v.Count = 7; act(s) }) }))
			s.Update(increment) // the session still works
			commit(t, s)
			if s.Value().Count != 1 {
				t.Errorf("count %d", s.Value().Count)
			}
		})
		t.Run(name+" in a replay", func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			s, runs := load(t, store, token), 0
			s.Update(func(v *state) {
				if runs++; runs == 2 {
					act(s)
				}
				v.Count++
			})
			must(t, store, token, count)
			wantSentence(t, panics(func() { s.Commit(t.Context()) }))
			commit(t, s)
			if got := value(t, store, token).Count; got != 3 {
				t.Errorf("count %d", got)
			}
		})
		t.Run(name+" beside a commit that waits", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := load(t, store, stored(t, store, state{Count: 1}))
				release, panicked := make(chan bool), make(chan any)
				go func() { panicked <- panics(func() { s.Update(func(*state) { <-release; act(s) }) }) }()
				synctest.Wait()
				go s.Commit(context.Background())
				synctest.Wait()
				close(release)
				wantSentence(t, <-panicked)
			})
		})
		t.Run(name+" by the store", func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.Update(increment)
			store.once("Save", func() error { act(s); return nil })
			wantSentence(t, panics(func() { s.Commit(t.Context()) }))
			s.Update(increment)
		})
	}
}

// A frame takes n frames of the stack before it calls f.
func frame(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	frame(n-1, f)
}

func TestAnEditPanicsHoweverDeepTheCall(t *testing.T) {
	for _, depth := range []int{1, 60, 61, 62, 63, 64, 65, 66, 127, 128, 129, 1000, 10000} {
		s := session.New(newProbe(), nil)
		wantSentence(t, panics(func() {
			s.Update(func(*state) { frame(depth, func() { s.Update(increment) }) })
		}))
	}
}

// An edit that changes another session is nobody's concern while that one is free.
func TestAnEditChangesAnotherSession(t *testing.T) {
	a, b := session.New(newProbe(), nil), session.New(newProbe(), nil)
	a.Update(func(v *state) { v.Count++; b.Update(increment) })
	if a.Value().Count != 1 || b.Value().Count != 1 {
		t.Error("an edit is lost")
	}
}

// A talker's owner is asked for within a commit.
type talker struct {
	Count int
	Talks bool
}

var talk func()

func (v talker) SessionOwner() string {
	if v.Talks {
		talk()
	}
	return ""
}

func TestASessionOwnerThatCallsItsSessionPanics(t *testing.T) {
	s := session.New(memstore.New[talker](nil), nil)
	talk = func() {}
	s.Set(talker{Count: 1, Talks: true})
	talk = func() { s.Update(func(*talker) {}) }
	wantSentence(t, panics(func() { s.Commit(t.Context()) }))
	talk = func() {}
	if err := s.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

// An edit that ends its goroutine, as t.Fatal does, leaves the session free and the
// change unmade.
func TestAnEditThatEndsItsGoroutine(t *testing.T) {
	t.Run("at first", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		done := make(chan bool)
		go func() {
			defer close(done)
			s.Update(func(v *state) { v.Count = 7; runtime.Goexit() })
		}()
		<-done
		s.Update(increment)
		commit(t, s)
		if got := s.Value().Count; got != 2 {
			t.Errorf("count %d", got)
		}
	})
	t.Run("in a replay", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s, runs := load(t, store, token), 0
		s.Update(func(v *state) {
			if runs++; runs == 2 {
				runtime.Goexit()
			}
			v.Count++
		})
		must(t, store, token, count)
		done := make(chan bool)
		go func() {
			defer close(done)
			s.Commit(context.Background())
			t.Error("the goroutine goes on")
		}()
		<-done
		if !s.Modified() || s.Value().Count != 2 || value(t, store, token).Count != 2 {
			t.Errorf("modified: %v, count %d, stored %d", s.Modified(), s.Value().Count, value(t, store, token).Count)
		}
		commit(t, s)
		if got := value(t, store, token).Count; got != 3 {
			t.Errorf("count %d", got)
		}
	})
	t.Run("of several that take turns", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			policy := new(session.Policy)
			token := storedWith(t, store, policy, state{Count: 1})
			store.before = func(string) error { time.Sleep(time.Millisecond); return nil }
			var wg sync.WaitGroup
			for i := range 10 {
				wg.Go(func() {
					runs := 0
					visitWith(t, store, policy, token, func(s *session.Session[state]) {
						s.Update(func(v *state) {
							if runs++; runs == 2 && i%2 == 0 {
								runtime.Goexit()
							}
							v.Count++
						})
					})
				})
			}
			wg.Wait()
			if got := value(t, store, token).Count; got < 6 || got > 7 {
				t.Errorf("the count is %d: five must be there, and maybe the first", got)
			}
		})
	})
}
