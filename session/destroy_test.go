package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

func TestDestroy(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Update(increment)
	s.Destroy()
	if !s.Modified() || !s.IsNew() || s.Value().Count != 0 || !tokenOf(s).IsZero() {
		t.Error("Destroy leaves something")
	}
	s.Update(func(v *state) { v.Notes = []string{"bye"} })
	commit(t, s)
	if token := tokenOf(s); token.IsZero() || token.ID() == old.ID() || s.Modified() {
		t.Error("a change after Destroy begins no new session")
	}
	if diff := cmp.Diff(state{Notes: []string{"bye"}}, value(t, store, tokenOf(s))); diff != "" {
		t.Error(diff)
	}
	if got := standing(t, store, old); got != "unknown" {
		t.Errorf("the old token is %s", got)
	}
}

// Each row destroys a session after an act of its own and one of another request.
func TestDestroyAmidOtherRequests(t *testing.T) {
	const cleared, kept = hooks.NoToken, hooks.NoNews
	for name, test := range map[string]struct {
		before request // in the same request, committed
		other  request // after the load
		err    error
		news   hooks.News
		calls  string
		live   int
	}{
		"alone":                             {nil, nil, nil, cleared, "Delete", 0},
		"after a change of its own":         {count, nil, nil, cleared, "Delete", 0},
		"after its own renewal":             {renew, nil, nil, cleared, "Delete", 0},
		"another has changed it":            {nil, count, nil, cleared, "Delete Load Delete", 0},
		"another has destroyed it":          {nil, logOut, nil, kept, "Delete", 0},
		"another has renewed it":            {nil, renew, session.ErrGone, kept, "Delete Load", 1},
		"another has logged in":             {nil, logIn("ada"), session.ErrGone, kept, "Delete Load", 1},
		"another has remembered it":         {nil, remember(true), nil, cleared, "Delete Load Delete", 0},
		"another has ended and begun a new": {nil, both(logOut, count), nil, kept, "Delete", 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			s := load(t, store, token)
			if test.before != nil {
				test.before(s)
				commit(t, s)
			}
			if test.other != nil {
				must(t, store, token, test.other)
			}
			store.calls()
			s.Destroy()
			err := s.Commit(t.Context())
			if !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("Commit: %v, want %v", err, test.err)
			}
			if got := hooks.Of(s).News(); got != test.news {
				t.Errorf("news %v, want %v", got, test.news)
			}
			if got := store.calls(); got != test.calls || live(t, store) != test.live {
				t.Errorf("calls %q, want %q; %d sessions live", got, test.calls, live(t, store))
			}
			if s.Modified() != (err != nil) {
				t.Errorf("modified: %v", s.Modified())
			}
		})
	}
}

func TestDestroyOfASessionThatIsNotStoredCostsNothing(t *testing.T) {
	store := newProbe()
	s := session.New(store, nil)
	s.Update(increment)
	s.Destroy()
	commit(t, s)
	if got := store.calls(); got != "" || hooks.Of(s).News() != hooks.NoNews {
		t.Errorf("calls %q, news %v", got, hooks.Of(s).News())
	}
}

// A request whose token a log-in has ended must not log the visitor out: whoever planted
// the token could do so.
func TestDestroyByAnEndedTokenIsRefused(t *testing.T) {
	for name, end := range map[string]request{"by Destroy": logOut, "by a deadline": endIn(-time.Hour)} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			planted := stored(t, store, state{Count: 1})
			token := must(t, store, planted, logIn("ada"))
			s, err := visit(t, store, planted, end)
			if !errors.Is(err, session.ErrGone) || hooks.Of(s).News() != hooks.NoNews {
				t.Errorf("got %v, news %v", err, hooks.Of(s).News())
			}
			if got := standing(t, store, token); got != "accepted" {
				t.Errorf("the visitor's token is %s", got)
			}
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 1 {
				t.Errorf("again: %v; %d sessions", err, live(t, store))
			}
			s.Discard()
			logIn("bob")(s) // which needs no session to begin with
			commit(t, s)
			if live(t, store) != 2 || value(t, store, token).User != "ada" {
				t.Error("a log-in after it does not begin a new session")
			}
		})
	}
}

func TestDestroyByAFormerToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: time.Minute}
		old := storedWith(t, store, policy, state{User: "ada"})
		time.Sleep(2 * time.Minute)
		sibling := loadWith(t, store, policy, old)
		mustWith(t, store, policy, old, read) // rotates
		sibling.Destroy()
		commit(t, sibling)
		if live(t, store) != 0 {
			t.Error("a log-out beside a rotation is refused")
		}
	})
}

// The first Delete fails, applied or not.
func TestADestroyThatFailed(t *testing.T) {
	for name, applied := range map[string]bool{"that was applied": true, "that was not": false} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.Destroy()
			store.fail("Delete", applied)
			err := s.Commit(t.Context())
			if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errDown) || !s.Modified() || hooks.Of(s).News() != hooks.NoNews {
				t.Errorf("got %v, modified %v, news %v", err, s.Modified(), hooks.Of(s).News())
			}
			commit(t, s)
			if live(t, store) != 0 || s.Modified() {
				t.Error("the session is there")
			}
		})
	}
	t.Run("keeps a change after it from being saved", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		both(logOut, note("bye"))(s)
		store.fail("Delete", false)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || live(t, store) != 1 {
			t.Errorf("got %v; %d sessions", err, live(t, store))
		}
		commit(t, s)
		if v := value(t, store, tokenOf(s)); live(t, store) != 1 || v.Count != 0 || len(v.Notes) != 1 {
			t.Errorf("%d sessions; %+v", live(t, store), v)
		}
	})
	t.Run("outlives Discard", func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		s.Destroy()
		s.Update(increment)
		s.Discard()
		commit(t, s)
		if live(t, store) != 0 {
			t.Error("Discard took Destroy back")
		}
	})
}

// Each row destroys a session whose last write got no reply.
func TestDestroyAfterALostReply(t *testing.T) {
	for name, change := range map[string]request{"of a change": count, "of a renewal": renew, "of a log-in": logIn("ada"), "of remembering": remember(true)} {
		for outcome, applied := range map[string]bool{"applied": true, "not applied": false} {
			t.Run(name+", "+outcome, func(t *testing.T) {
				store := newProbe()
				s := load(t, store, stored(t, store, state{Count: 1}))
				change(s)
				store.fail("Save", applied)
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
					t.Fatalf("got %v", err)
				}
				s.Destroy()
				commit(t, s)
				if live(t, store) != 0 || hooks.Of(s).News() != hooks.NoToken {
					t.Errorf("%d sessions live; news %v", live(t, store), hooks.Of(s).News())
				}
			})
		}
	}
	t.Run("of a new session", func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		store.fail("Save", true)
		s.Commit(t.Context())
		s.Destroy()
		commit(t, s)
		if live(t, store) != 0 {
			t.Error("the session lives that the client will not get")
		}
	})
	t.Run("after which another request logged in", func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{User: "ada"})
		s := load(t, store, old)
		s.Renew()
		store.fail("Save", false)
		s.Commit(t.Context())
		must(t, store, old, renew)
		s.Destroy()
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 1 {
			t.Errorf("got %v, and %d sessions live", err, live(t, store))
		}
	})
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

// An unreadable store cannot decode values, as a server with another key, and can read
// all else. It reads nothing at all if it is broken.
type unreadable struct {
	*probe
	broken bool
}

func (u *unreadable) Load(ctx context.Context, id session.ID) (session.Record[state], error) {
	rec, _, err := u.Open(ctx, id, func(session.Secrets) bool { return true })
	return rec, err
}

func (u *unreadable) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (session.Record[state], bool, error) {
	rec, err := u.probe.Load(ctx, id)
	if err == nil && (u.broken || accepts(rec.Secrets)) {
		return session.Record[state]{}, false, &session.DecodeError{ID: id, Err: errDown}
	}
	rec.Value = state{}
	return rec, false, err
}

// A log-out ends a session that this server cannot read, since another may read it.
func TestDestroyOfAnUnreadableSession(t *testing.T) {
	for name, test := range map[string]struct {
		broken  bool
		prepare func(t *testing.T, p *probe, token session.Token) // before the log-out's commit
		after   request
		err     error
		live    int
		news    hooks.News
	}{
		"alone":                    {false, nil, nil, nil, 0, hooks.NoToken},
		"beside a change":          {false, func(t *testing.T, p *probe, token session.Token) { must(t, p, token, count) }, nil, nil, 0, hooks.NoToken},
		"with a notice":            {false, nil, note("bye"), nil, 1, hooks.NewToken},
		"beside another log-out":   {false, func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logOut) }, nil, nil, 0, hooks.NoNews},
		"whose token has ended":    {false, func(t *testing.T, p *probe, token session.Token) { must(t, p, token, renew) }, nil, nil, 1, hooks.NoNews},
		"of which nothing is read": {true, nil, nil, nil, 1, hooks.NoNews},
		"while the store is down":  {false, func(_ *testing.T, p *probe, _ session.Token) { p.fail("Delete", false) }, nil, session.ErrUnavailable, 1, hooks.NoNews},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{User: "ada"})
			s := load(t, &unreadable{store, test.broken}, token)
			if s.Destroy(); !s.Modified() {
				t.Error("there is nothing to commit")
			}
			if test.after != nil {
				test.after(s)
			}
			if test.prepare != nil {
				test.prepare(t, store, token)
			}
			err := s.Commit(t.Context())
			if n := live(t, store); !errors.Is(err, test.err) || n != test.live || hooks.Of(s).News() != test.news {
				t.Errorf("%v; %d sessions; news %v", err, n, hooks.Of(s).News())
			}
			if err != nil {
				commit(t, s)
			}
			if old, err := store.Store.Load(t.Context(), token.ID()); err == nil && !test.broken && test.news != hooks.NoNews {
				t.Errorf("it lives on: %v", old.Value)
			}
		})
	}
}

// Each row ends a session beside a request, which then finds it ended.
func TestEndedSessionsStayEnded(t *testing.T) {
	endings := map[string]func(*testing.T, *probe, session.Token){
		"destroyed":  func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logOut) },
		"renewed":    func(t *testing.T, p *probe, token session.Token) { must(t, p, token, renew) },
		"logged in":  func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logIn("ada")) },
		"given away": func(t *testing.T, p *probe, token session.Token) { must(t, p, token, become("ada")) },
		"expired":    func(t *testing.T, p *probe, token session.Token) { time.Sleep(2 * time.Hour) },
	}
	uses := map[string]struct {
		use  request
		want error
	}{
		"reads":            {read, nil},
		"changes":          {count, session.ErrGone},
		"renews":           {renew, session.ErrGone},
		"changes hands":    {become("eve"), session.ErrGone},
		"sets remembering": {remember(true), session.ErrGone},
		"sets its end":     {endIn(time.Hour), session.ErrGone},
	}
	for end, ended := range endings {
		for use, test := range uses {
			t.Run(end+", and another request "+use, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					token := stored(t, store, state{Count: 1})
					s := load(t, store, token)
					time.Sleep(30 * time.Minute) // so that reading has to touch
					ended(t, store, token)
					before := live(t, store)
					saved := record0(store, token)
					test.use(s)
					for range 2 {
						if err := s.Commit(t.Context()); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
							t.Errorf("Commit: %v, want %v", err, test.want)
						}
					}
					if _, ok := s.Token(); test.want != nil && (!s.Gone() || ok) {
						t.Error("the session does not know that it is gone")
					}
					if got := record0(store, token); live(t, store) != before || got.Revision != saved.Revision || got.Secrets != saved.Secrets {
						t.Errorf("%d live sessions, want %d; what is stored has changed", live(t, store), before)
					}
				})
			})
		}
	}
}

// record0 returns what the store has, or the zero record.
func record0(store *probe, token session.Token) session.Record[state] {
	rec, _ := store.Store.Load(context.Background(), token.ID())
	return rec
}
