package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
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
	if got := value(t, store, tokenOf(s)).Count; got != 400 || live(t, store) != 1 {
		t.Errorf("%d in %d sessions, want 400 in one", got, live(t, store))
	}
}

// A change during a commit waits for it, and is in the next one. Reading does not wait.
func TestChangesDuringACommitWaitForIt(t *testing.T) {
	for name, act := range map[string]request{
		"Update":      count,
		"Set":         func(s *session.Session[state]) { s.Set(state{Count: 3}) },
		"Clear":       (*session.Session[state]).Clear,
		"Take":        func(s *session.Session[state]) { session.Take(s, func(v *state) *int { return &v.Count }) },
		"LogIn":       logIn("ada"),
		"Renew":       renew,
		"Remember":    remember(true),
		"SetDeadline": endIn(time.Minute),
		"Destroy":     logOut,
		"Discard":     func(s *session.Session[state]) { s.Discard(); s.Update(increment) },
		"Commit":      func(s *session.Session[state]) { s.Commit(context.Background()); s.Update(increment) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				store.once("Save", func() error { time.Sleep(time.Second); return nil })
				s.Update(increment)
				began, changed := time.Now(), make(chan bool)
				go commitNow(s)
				synctest.Wait()
				go func() {
					if act(s); time.Since(began) < time.Second {
						t.Error("it did not wait")
					}
					close(changed)
				}()
				synctest.Wait()
				if s.Value().Count != 2 || !s.Modified() || !hooks.Of(s).Committing() {
					t.Errorf("a reader sees %+v, modified: %v", s.Value(), s.Modified())
				}
				<-changed
				if rec := record(t, store, token.ID()); name != "Destroy" && (rec.Value.Count != 2 || rec.Value.User != "" || !s.Modified()) {
					t.Errorf("stored %+v; modified: %v", rec.Value, s.Modified())
				}
				commit(t, s)
				if s.Modified() || (name == "Destroy") != (live(t, store) == 0) {
					t.Errorf("modified: %v; %d sessions", s.Modified(), live(t, store))
				}
			})
		})
	}
}

func TestCommitsRunOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := session.New(store, &session.Policy{SaveTimeout: time.Hour})
		store.before = func(op string) error { time.Sleep(time.Minute); return nil }
		s.Update(increment)
		for range 3 {
			go func() {
				if err := s.Commit(context.Background()); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(10 * time.Minute)
		if got := store.calls(); got != "Save" || s.Modified() {
			t.Errorf("calls %q", got)
		}
	})
}

// A commit ends after its context's time or SaveTimeout, the wait for other commits and
// for edits included.
func TestHowLongACommitTakesAtMost(t *testing.T) {
	for name, test := range map[string]struct {
		block   func(*probe, *session.Session[state])
		timeout time.Duration // of the context; none if zero
		policy  time.Duration
		want    time.Duration
	}{
		"while an edit runs": {func(_ *probe, s *session.Session[state]) {
			go s.Update(func(*state) { time.Sleep(time.Hour) })
		}, 0, 0, session.DefaultSaveTimeout},
		"while an edit runs, with a short context": {func(_ *probe, s *session.Session[state]) {
			go s.Update(func(*state) { time.Sleep(time.Hour) })
		}, time.Second, 0, time.Second},
		"while another commit waits for the store": {func(p *probe, s *session.Session[state]) {
			p.once("Save", func() error { time.Sleep(time.Hour); return nil })
			go s.Commit(context.Background())
		}, 0, time.Minute, time.Minute},
		"with a long context": {func(_ *probe, s *session.Session[state]) {
			go s.Update(func(*state) { time.Sleep(time.Hour) })
		}, 30 * time.Minute, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := loadWith(t, store, &session.Policy{SaveTimeout: test.policy}, stored(t, store, state{Count: 1}))
				s.Update(increment)
				test.block(store, s)
				synctest.Wait()
				ctx := t.Context()
				if test.timeout > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, test.timeout)
					defer cancel()
				}
				began := time.Now()
				err := s.Commit(ctx)
				if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if got := time.Since(began); got != test.want {
					t.Errorf("it took %v, want %v", got, test.want)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
	t.Run("in the store", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			slow := &slowSave{store}
			s := load(t, slow, stored(t, store, state{Count: 1}))
			s.Update(increment)
			began := time.Now()
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || time.Since(began) != session.DefaultSaveTimeout {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	})
}

// A slowSave saves nothing before its context is done.
type slowSave struct{ *probe }

func (s slowSave) Save(ctx context.Context, _ *session.Record[state]) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLateChangesThatNeedACookieAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		isNew  bool
		change request
		err    error
	}{
		"owner":                  {false, become("ada"), session.ErrLate},
		"renewal":                {false, both(count, renew), session.ErrLate},
		"log-in":                 {false, logIn("ada"), session.ErrLate},
		"remembering":            {false, both(count, remember(false)), session.ErrLate},
		"a later deadline":       {false, endIn(30 * day), session.ErrLate},
		"new":                    {true, count, session.ErrLate},
		"an earlier deadline":    {false, endIn(time.Minute), nil},
		"a change":               {false, count, nil},
		"a log-out":              {false, logOut, nil},
		"a change and a log-out": {false, both(become("ada"), logOut), nil},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := storedWith(t, store, &session.Policy{Remember: session.Remember{All: true}}, state{Count: 1})
			s := load(t, store, token)
			if test.isNew {
				s = session.New(store, nil)
			}
			if err := hooks.Of(s).Detach(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := record(t, store, token.ID())
			test.change(s)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("got %v", err)
			}
			if after := record0(store, token); test.err != nil && (after.Revision != before.Revision || live(t, store) != 1 || !s.Modified()) {
				t.Errorf("half done: %+v", after)
			}
			hooks.Of(s).Attach()
			commit(t, s)
		})
	}
}

func TestDetach(t *testing.T) {
	start := func(t *testing.T) (*session.Session[state], *probe) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Renew()
		store.once("Save", func() error { time.Sleep(4 * time.Second); return nil })
		go s.Commit(context.Background())
		synctest.Wait()
		return s, store
	}
	t.Run("waits for a commit in progress", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := start(t)
			if err := hooks.Of(s).Detach(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := hooks.Of(s).News(); got != hooks.NewToken {
				t.Errorf("news %v", got)
			}
			s.Renew()
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("is heeded while it waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := start(t)
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
	})
}

// Abandon drops the changes at once, and those of a commit in progress when it has failed.
func TestAbandon(t *testing.T) {
	t.Run("drops changes", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Update(increment)
		hooks.Of(s).Abandon()
		if s.Modified() || s.Value().Count != 1 {
			t.Error("there is something to commit")
		}
	})
	for name, fails := range map[string]bool{"a commit that fails": true, "a commit that succeeds": false} {
		t.Run("does not wait for "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := load(t, store, stored(t, store, state{Count: 1}))
				s.Update(increment)
				store.once("Save", func() error {
					if time.Sleep(time.Second); fails {
						return errDown
					}
					return nil
				})
				go s.Commit(context.Background())
				synctest.Wait()
				began := time.Now()
				if hooks.Of(s).Abandon(); time.Since(began) > 0 {
					t.Error("it waited")
				}
				time.Sleep(time.Minute)
				if want := map[bool]int{true: 1, false: 2}[fails]; s.Modified() || s.Value().Count != want {
					t.Errorf("modified: %v, count %d", s.Modified(), s.Value().Count)
				}
			})
		})
	}
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
		if !s.Modified() {
			t.Errorf("after %v the change is not pending any more", test.give)
		}
	}
}

// A change of a session that is only read is what its transport may count on.
func TestModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: time.Minute}
		old := storedWith(t, store, policy, state{User: "ada"})
		time.Sleep(20 * time.Minute)
		s := loadWith(t, store, policy, old)
		if s.Modified() {
			t.Error("a session whose touch and rotation are due is modified")
		}
		commit(t, s)
		s = loadWith(t, store, policy, tokenOf(s))
		if s.Modified() || hooks.Of(s).Settled() {
			t.Errorf("a session whose former tokens are to be settled: modified %v, settled %v", s.Modified(), hooks.Of(s).Settled())
		}
		if s.SetPassive(true); s.Modified() {
			t.Error("a passive request that changes nothing is modified")
		}
		if s.Update(increment); !s.Modified() {
			t.Error("a passive request with a change is not modified")
		}
	})
}
