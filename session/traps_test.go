package session_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// meanwhile makes another request change the session before each of the first n
// calls of op.
func meanwhile(t *testing.T, store *probe, token session.Token, op string, n int, change func(*state)) {
	store.before = func(called string) error {
		if called != op || n == 0 {
			return nil
		}
		n--
		before := store.before
		store.before = nil
		defer func() { store.before = before }()
		other := load(t, store, token)
		other.Update(change)
		commit(t, other)
		return nil
	}
}

func TestReplayLeavesWhatAnEditBroughtAlone(t *testing.T) {
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

func TestTimeThatRunsOutDuringARequestIsNotReportedAsSaved(t *testing.T) {
	for _, policy := range []*session.Policy{{Lifetime: time.Hour}, {IdleTimeout: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			s := session.New(store, policy)
			s.Update(increment)
			commit(t, s)
			time.Sleep(59 * time.Minute)
			token, _ := s.Token()
			s = loadWith(t, store, policy, token)
			time.Sleep(2 * time.Minute)
			s.Update(increment)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDiscardDuringACommitKeepsWhatWasSaved(t *testing.T) {
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

func TestAnUpdateDuringACommitIsAlwaysSeen(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	s.Update(increment)
	runs := 0
	var seen []int
	store.once("Save", func() error {
		s.Update(func(v *state) {
			v.Count += 100
			if runs++; runs == 2 {
				seen = append(seen, s.Value().Count)
			}
		})
		other := load(t, store, token)
		other.Update(increment)
		return other.Commit(t.Context())
	})
	commit(t, s)
	if seen = append(seen, s.Value().Count); !slices.Equal(seen, []int{102, 103}) {
		t.Errorf("a reader sees %v", seen)
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

func TestParallelLogInsDoNotEndEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{MaxPerOwner: 1}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				s := session.New(store, policy)
				s.Update(func(v *state) { v.User = "ada" })
				if err := s.Commit(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := live(t, store); got != 1 {
			t.Errorf("%d sessions are left", got)
		}
	})
}

type account struct{ User string }

func (a *account) SessionOwner() string { return a.User }

func TestOwnerOfAPointerType(t *testing.T) {
	store := memstore.New[*account](nil)
	s := session.New(store, nil)
	s.Set(&account{})
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := s.ID()
	s.Update(func(a **account) { (*a).User = "ada" })
	if err := s.Commit(t.Context()); err != nil || s.ID() == before {
		t.Errorf("a log-in keeps the token: %v", err)
	}
}

type typedUser string

type typedAccount struct{ User typedUser }

func (a typedAccount) SessionOwner() typedUser { return a.User }

func TestAnOwnerOfAnotherTypeIsRefused(t *testing.T) {
	if err := session.Check[typedAccount](); err == nil || !strings.Contains(err.Error(), "SessionOwner") {
		t.Errorf("got %v", err)
	}
}

func TestSetDeadlineTheEndOfTime(t *testing.T) {
	for _, end := range []time.Time{time.Unix(math.MaxInt64, 0), time.Unix(1<<55, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		s.SetDeadline(end)
		commit(t, s)
		if token, ok := s.Token(); !ok || load(t, store, token).IsNew() {
			t.Errorf("a session until %d is not there", end.Unix())
		}
	}
}

func TestWhatWasAskedOfANewSessionAppliesWhenItIsStored(t *testing.T) {
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

func TestALateLongerDeadlineIsRefused(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	s.Detach(t.Context())
	s.SetDeadline(time.Now().Add(30 * 24 * time.Hour))
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
		t.Errorf("got %v: the cookie would end before the session", err)
	}
	s.Discard()
	s.SetDeadline(time.Now().Add(time.Minute))
	if err := s.Commit(t.Context()); err != nil {
		t.Errorf("got %v: the session may end before its cookie", err)
	}
}

// What is asked for and is so already costs nothing.
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

// A renewal that a conflict makes unnecessary is not made: its record goes.
func TestALogInThatTheNewerValueRefuses(t *testing.T) {
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

func TestEveryDestroyedSessionIsDeleted(t *testing.T) {
	for range 2000 {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		commit(t, s)
		var wg sync.WaitGroup
		wg.Go(func() { s.Update(increment); s.Commit(t.Context()) })
		wg.Go(func() { s.Destroy(); s.Update(increment); s.Destroy() })
		wg.Wait()
		s.Destroy()
		commit(t, s)
		commit(t, s)
		if n := live(t, store); n != 0 {
			t.Fatalf("%d live sessions", n)
		}
	}
}

// What a commit has done is done: when other requests change it later, the next
// commit does not do it again.
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

// A change that takes back one whose outcome is unknown is not nothing.
func TestTakingBackAChangeWhoseReplyWasLost(t *testing.T) {
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

// A commit that asks the store for nothing does not know what is there.
func TestDestroyLongAfterACommitOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s, other := load(t, store, token), load(t, store, token)
		other.Renew()
		commit(t, other)
		time.Sleep(11 * time.Second)
		s.Update(func(*state) {})
		commit(t, s)
		s.Destroy()
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 1 {
			t.Errorf("got %v, and %d live sessions", err, live(t, store))
		}
	})
}
