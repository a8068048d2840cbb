package session_test

import (
	"context"
	"errors"
	"slices"
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
			s, err := session.Load(t.Context(), store, nil, token, time.Time{})
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
	if got := value(t, store, token).Count; got != 51 {
		t.Errorf("%d, want 51", got)
	}
}

// Each row is a change of a session that another request has changed since it was loaded.
func TestCommitConflict(t *testing.T) {
	three := func(s *session.Session[state]) { s.Update(func(v *state) { v.Count *= 3 }) }
	for name, test := range map[string]struct {
		other, change request
		want          state
		calls         string
	}{
		"edits are replayed in their order": {
			func(s *session.Session[state]) { s.Update(func(v *state) { v.Count *= 10 }); note("other")(s) },
			both(count, note("own"), three),
			state{Count: 33, Notes: []string{"other", "own"}}, "Save Load Save"},
		"Set replaces the other value": {note("other"), func(s *session.Session[state]) { s.Set(state{Count: 5}) }, state{Count: 5}, "Save Load Save"},
		"Clear replaces the other value": {note("other"), both((*session.Session[state]).Clear, note("own")),
			state{Notes: []string{"own"}}, "Save Load Save"},
		"a change that the other has made is not written": {func(s *session.Session[state]) { s.Set(state{Count: 5}) },
			func(s *session.Session[state]) { s.Set(state{Count: 5}) }, state{Count: 5}, "Save Load"},
		"a condition is decided anew": {count, func(s *session.Session[state]) {
			s.Update(func(v *state) {
				if v.Count == 1 {
					v.User = "ada"
				} else {
					v.Notes = append(v.Notes, "too late")
				}
			})
		}, state{Count: 2, Notes: []string{"too late"}}, "Save Load Save"},
		"remembering is kept beside": {count, remember(true), state{Count: 2}, "Save Load Save"},
		"a renewal is kept beside":   {count, renew, state{Count: 2}, "Save Load Save"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			s := load(t, store, token)
			must(t, store, token, test.other)
			test.change(s)
			store.calls()
			commit(t, s)
			if got := store.calls(); got != test.calls {
				t.Errorf("calls %q, want %q", got, test.calls)
			}
			for where, got := range map[string]state{"the session": s.Value(), "the store": record(t, store, token.ID()).Value} {
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("in %s: %s", where, diff)
				}
			}
			s.Update(increment) // on the revision that the conflict left
			store.calls()
			commit(t, s)
			if got := store.calls(); got != "Save" || live(t, store) != 1 {
				t.Errorf("later calls %q; %d sessions", got, live(t, store))
			}
		})
	}
}

func TestEndlessConflictEndsInErrConflict(t *testing.T) {
	for name, change := range map[string]request{"of a change": count, "of a log-in": logIn("ada"), "of a log-out": logOut} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				change(s)
				store.before = func(op string) error {
					if op == "Save" || op == "Delete" {
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
			})
		})
	}
}

// A store that finds no session to save, and has it when it is asked, is not asked for
// ever.
func TestALogInThatIsNeverSaved(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	logIn("ada")(s)
	store.always("Save", session.ErrNotFound)
	if err := s.Commit(t.Context()); err == nil {
		t.Error("it was saved")
	}
}

// A commit that met a conflict wrote nothing. If the load after it fails, the outcome is
// known, and a further commit replays the edits.
func TestAFailedLoadAfterAConflict(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s := load(t, store, token)
	must(t, store, token, count)
	s.Update(increment)
	store.fail("Load", false)
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	commit(t, s)
	if got := value(t, store, token).Count; got != 3 {
		t.Errorf("count %d", got)
	}
}

func TestAPanicInAReplay(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	s, runs := load(t, store, token), 0
	s.Update(func(v *state) {
		if v.Count++; runs == 1 {
			runs++
			panic("once")
		}
		runs++
	})
	must(t, store, token, count)
	if p := panics(func() { s.Commit(t.Context()) }); p != "once" {
		t.Errorf("panicked with %v", p)
	}
	if !s.Modified() || s.Value().Count != 2 || value(t, store, token).Count != 2 {
		t.Errorf("count %d, stored %d", s.Value().Count, value(t, store, token).Count)
	}
	commit(t, s) // nothing is left behind
	if got := value(t, store, token).Count; got != 3 {
		t.Errorf("count %d", got)
	}
}

// Many requests change one session at once, from one process or from several. Nothing is
// lost, no request gives up, and each costs a few calls to the store.
func TestManyParallelChanges(t *testing.T) {
	for name, test := range map[string]struct {
		n         int
		processes int
		every     time.Duration // between arrivals
		most      float64       // store operations a change
	}{
		"at once":                           {1000, 1, 0, 5},
		"one each millisecond":              {1000, 1, time.Millisecond, 6},
		"one each millisecond, for long":    {5000, 1, time.Millisecond, 6},
		"one each four milliseconds":        {500, 1, 4 * time.Millisecond, 6},
		"at once, in two processes":         {200, 2, 0, 10},
		"one each two ms, in two processes": {200, 2, 2 * time.Millisecond, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const latency = time.Millisecond
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				store.calls()
				store.before = func(string) error { time.Sleep(latency); return nil }
				policies := make([]session.Policy, test.processes) // turns are a policy's own
				for i := range policies {
					policies[i].SaveTimeout = time.Minute
				}
				took := make([]time.Duration, test.n)
				var wg sync.WaitGroup
				for i := range test.n {
					wg.Go(func() {
						began := time.Now()
						if _, err := visitWith(t, store, &policies[i%test.processes], token, count); err != nil {
							t.Error(err)
						}
						took[i] = time.Since(began)
					})
					time.Sleep(test.every)
				}
				wg.Wait()
				ops := float64(len(store.ops)) / float64(test.n)
				store.before = nil
				slices.Sort(took)
				t.Logf("%.2f operations a change; took %v at the median, %v at most", ops, took[test.n/2], took[test.n-1])
				if got := value(t, store, token).Count; got != test.n {
					t.Errorf("%d of %d changes survive", got, test.n)
				}
				if ops > test.most {
					t.Errorf("%.2f operations a change, want at most %v", ops, test.most)
				}
			})
		})
	}
}
