package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// Changes of a failed commit stay, beside one that is made meanwhile.
func TestAFailedCommitKeepsEveryChange(t *testing.T) {
	soon := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond)
	for name, test := range map[string]struct {
		change, later func(*session.Session[state])
		kept          func(s *session.Session[state], renewed bool) bool
	}{
		"Renew": {renew, note("later"), func(_ *session.Session[state], renewed bool) bool { return renewed }},
		"LogIn": {func(s *session.Session[state]) { s.LogIn(func(*state) {}) }, note("later"),
			func(_ *session.Session[state], renewed bool) bool { return renewed }},
		"Persist": {func(s *session.Session[state]) { s.Persist(false) }, note("later"),
			func(s *session.Session[state], _ bool) bool { return !s.Persistent() }},
		"a later Persist wins": {func(s *session.Session[state]) { s.Persist(false); s.Update(increment) },
			func(s *session.Session[state]) { s.Persist(true) },
			func(s *session.Session[state], _ bool) bool { return s.Persistent() }},
		"SetDeadline": {func(s *session.Session[state]) { s.SetDeadline(soon) }, note("later"),
			func(s *session.Session[state], _ bool) bool { return s.Deadline().Equal(soon) }},
		"Update": {func(s *session.Session[state]) { s.Update(increment) }, note("later"),
			func(s *session.Session[state], _ bool) bool {
				return s.Value().Count == 2 && len(s.Value().Notes) == 1
			}},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			test.change(s)
			store.once("Save", func() error { test.later(s); return session.ErrTooLarge })
			s.Commit(t.Context())
			commit(t, s)
			token, _ := s.Token()
			if !test.kept(s, !token.Equal(old)) || !test.kept(load(t, store, token), !token.Equal(old)) {
				t.Errorf("lost: %+v", s.Value())
			}
		})
	}
}

func TestAnEditAfterALogInKeepsTheLogIn(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{User: "ada"})
	s := load(t, store, old)
	s.LogIn(logInEdit("ada"))
	s.Update(increment)
	commit(t, s)
	if token, _ := s.Token(); token.Equal(old) {
		t.Error("not renewed")
	}
}

func TestAnUpdateKeepsTheTimeOfTheLogIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{User: "ada"}))
		want := s.Renewed()
		time.Sleep(time.Minute)
		s.Update(increment)
		commit(t, s)
		if !s.Renewed().Equal(want) {
			t.Error("an update counts as a log-in")
		}
	})
}

func TestAnEditDuringACommitWithoutConflictRunsOnce(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	runs := 0
	s.Update(increment)
	store.once("Save", func() error { s.Update(func(v *state) { runs++; v.Count++ }); return nil })
	commit(t, s)
	commit(t, s)
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}
}

// An unknown outcome stays unknown when another attempt fails for another reason.
func TestAnUnknownOutcomeSurvivesOtherFailures(t *testing.T) {
	for name, later := range map[string]func(*session.Session[state]){
		"alone": func(*session.Session[state]) {}, "and a later edit": increase,
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			s := load(t, store, token)
			s.Update(increment)
			store.once("Save", func() error {
				written := load(t, store, token) // stands for this very write
				written.Update(increment)
				commit(t, written)
				later(s)
				return errDown
			})
			s.Commit(t.Context())
			store.once("Save", func() error { return session.ErrTooLarge })
			s.Commit(t.Context())
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			if got := load(t, store, token).Value().Count; got != 2 {
				t.Errorf("count %d", got)
			}
		})
	}
}

func increase(s *session.Session[state]) { s.Update(increment) }

func TestDestroyDuringARenewalOfUnknownOutcome(t *testing.T) {
	for name, happens := range map[string]bool{"retired": true, "not retired": false} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			s.Renew()
			losing(t, store, old, happens)
			failing := store.before
			destroyed := false
			store.before = func(op string) error {
				if op == "Retire" && !destroyed {
					destroyed = true
					s.Destroy()
				}
				return failing(op)
			}
			s.Commit(t.Context())
			store.before = nil
			if err := s.Commit(t.Context()); err != nil || live(t, store) != 0 {
				t.Errorf("%v, %d sessions", err, live(t, store))
			}
		})
	}
}

// The successor stays as long as the old session may be retired.
func TestAFurtherFailureOfARenewalOfUnknownOutcome(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Renew()
	losing(t, store, old, true)
	store.before("Save")
	s.Commit(t.Context())
	store.before = func(op string) error {
		if op == "Save" {
			return errDown
		}
		return nil
	}
	s.Update(increment)
	s.Commit(t.Context())
	store.before = nil
	s.Discard()
	token, _ := s.Token()
	if load(t, store, token).Value().Count != 1 {
		t.Error("the visitor has neither session")
	}
}

// A renewal that turns out not to have happened leaves no successor to go on with.
func TestARenewalOfUnknownOutcomeThatMeetsAChange(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Renew()
	losing(t, store, old, false)
	s.Commit(t.Context())
	store.before = nil
	other := load(t, store, old)
	other.Update(increment)
	commit(t, other)
	s.Commit(t.Context())
	s.Discard()
	if token, _ := s.Token(); load(t, store, token).Value().Count != 2 || live(t, store) != 1 {
		t.Errorf("%d sessions", live(t, store))
	}
}

// Every successful call to the store shows that the session was there.
func TestDestroyAfterARecentUse(t *testing.T) {
	for name, use := range map[string]func(*session.Session[state]){
		"a save": func(s *session.Session[state]) { s.Update(increment) }, "a touch": func(*session.Session[state]) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				time.Sleep(10 * time.Minute)
				use(s)
				commit(t, s)
				other := load(t, store, token)
				other.Destroy()
				commit(t, other)
				s.Destroy()
				commit(t, s)
			})
		})
	}
}

func TestALogInOfNoOwnerTakesNothingOfAnother(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	a, b := load(t, store, old), load(t, store, old)
	a.LogIn(func(v *state) { v.Notes = []string{"a"} })
	b.LogIn(increment)
	commit(t, a)
	commit(t, b)
	if v := b.Value(); len(v.Notes) != 0 || v.Count != 1 {
		t.Errorf("%+v", v)
	}
}

func TestReplaysDoNotRunBesideOtherEdits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		running := 0
		edit := func(v *state) {
			if running++; running > 1 {
				t.Error("two edits run at once")
			}
			time.Sleep(time.Second)
			running--
			v.Count++
		}
		s.Update(edit)
		other := load(t, store, token)
		other.Update(increment)
		commit(t, other)
		store.once("Save", func() error {
			go s.Update(edit)
			time.Sleep(time.Millisecond) // the edit runs when the replay is due
			return nil
		})
		if err := s.Commit(context.Background()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
	})
}

func TestALaterDeadlineOfABrowserSession(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	s.Persist(false)
	commit(t, s)
	hooks.Of(s).Detach(t.Context())
	id := s.ID()
	s.SetDeadline(time.Now().Add(100 * time.Hour).Add(123))
	commit(t, s)
	if s.ID() != id || s.Deadline().Nanosecond()%1e6 != 0 {
		t.Errorf("renewed %v, deadline %v", s.ID() != id, s.Deadline())
	}
}

func TestDetachWaitsForACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		store.once("Save", func() error { time.Sleep(time.Minute); s.Renew(); return nil })
		go s.Commit(context.Background())
		synctest.Wait()
		if err := hooks.Of(s).Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Token(); !ok {
			t.Error("Detach did not wait")
		}
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
			t.Errorf("got %v", err)
		}
		hooks.Of(s).Attach()
		commit(t, s)
	})
}

func TestDetachIsHeededWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		store.once("Save", func() error { time.Sleep(time.Minute); return nil })
		go s.Commit(context.Background())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := hooks.Of(s).Detach(ctx); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		s.Renew()
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
			t.Errorf("got %v", err)
		}
	})
}

// A client that leaves in the middle of a renewal leaves one session.
func TestARenewalWhoseContextEnds(t *testing.T) {
	for _, op := range []string{"Save", "Retire"} {
		t.Run(op, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.Renew()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store.once(op, func() error { cancel(); return nil })
			s.Commit(ctx)
			token, _ := s.Token()
			if live(t, store) != 1 || load(t, store, token).Value().Count != 1 {
				t.Errorf("%d sessions", live(t, store))
			}
		})
	}
}

func TestARecordOfANewerVersionIsUnavailable(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	store.once("Load", func() error { return &session.DecodeError{ID: token.ID(), Err: session.ErrNewer} })
	if _, err := session.Load(t.Context(), store, nil, token); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestReadingDuringACommit(t *testing.T) {
	for name, test := range map[string]struct {
		act  func(*session.Session[state])
		want int
	}{"plain": {func(*session.Session[state]) {}, 2}, "Discard": {(*session.Session[state]).Discard, 1}, "Destroy": {(*session.Session[state]).Destroy, 0}} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.Update(increment)
			store.once("Save", func() error {
				test.act(s)
				if s.Value().Count != test.want || !s.Modified() {
					t.Errorf("count %d, modified %v", s.Value().Count, s.Modified())
				}
				return nil
			})
			commit(t, s)
		})
	}
}

// A panic in a replay leaves the change pending, for Discard or another commit.
func TestAPanicInAReplayKeepsTheChange(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, runs := load(t, store, token), 0
	s.Update(func(v *state) {
		if runs++; runs == 2 {
			panic("once")
		}
		v.Count++
	})
	meanwhile(t, store, token, "Save", 1, increment)
	func() {
		defer func() { recover() }()
		s.Commit(t.Context())
	}()
	if !s.Modified() || s.Value().Count != 2 {
		t.Errorf("count %d", s.Value().Count)
	}
	commit(t, s)
	if got := load(t, store, token).Value().Count; got != 3 {
		t.Errorf("count %d", got)
	}
}
