package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

func TestLoad(t *testing.T) {
	unreadable := func(err error) func(*probe, session.Token) {
		return func(store *probe, token session.Token) {
			store.always("Load", &session.DecodeError{ID: token.ID(), Err: err})
		}
	}
	for name, test := range map[string]struct {
		token   func(own session.Token) session.Token // that the client presents; its own without
		prepare func(*probe, session.Token)
		err     error
		known   bool
		event   session.EventKind
	}{
		"the session's token":         {nil, nil, nil, true, session.EventLoaded},
		"an unknown ID":               {func(session.Token) session.Token { return session.NewToken(session.NewID()) }, nil, nil, false, ""},
		"an invented secret":          {func(own session.Token) session.Token { return session.NewToken(own.ID()) }, nil, nil, false, ""},
		"no token":                    {func(session.Token) session.Token { return session.Token{} }, nil, nil, false, ""},
		"of an unreadable record":     {nil, unreadable(errDown), nil, false, session.EventUndecodable},
		"of a newer version's record": {nil, unreadable(session.ErrNewer), session.ErrUnavailable, false, session.EventFailed},
		"while the store is down":     {nil, func(p *probe, _ session.Token) { p.always("Load", errDown) }, errDown, false, session.EventFailed},
		"with an error of Save":       {nil, func(p *probe, _ session.Token) { p.always("Load", session.ErrConflict) }, session.ErrUnavailable, false, session.EventFailed},
		"with an error of Save, new":  {nil, func(p *probe, _ session.Token) { p.always("Load", session.ErrExists) }, session.ErrUnavailable, false, session.EventFailed},
		"with an error of a codec":    {nil, func(p *probe, _ session.Token) { p.always("Load", session.ErrTooLarge) }, session.ErrUnavailable, false, session.EventFailed},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			own := stored(t, store, state{Count: 7})
			presented := own
			if test.token != nil {
				presented = test.token(own)
			}
			if test.prepare != nil {
				test.prepare(store, own)
			}
			var event session.EventKind
			policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { event = e.Kind }}
			s, err := session.Load(t.Context(), store, policy, presented, time.Time{})
			if !errors.Is(err, test.err) || errors.Is(err, session.ErrUnavailable) != (test.err != nil) || event != test.event {
				t.Fatalf("got %v, and the event %q", err, event)
			}
			store.before = nil
			if err != nil {
				if s != nil {
					t.Error("there is a session beside the error")
				}
				return
			}
			if s.IsNew() == test.known || s.Gone() {
				t.Errorf("new: %v, gone: %v", s.IsNew(), s.Gone())
			}
			s.Update(increment)
			commit(t, s)
			if got := tokenOf(s); got.Equal(presented) != test.known || (got.ID() == own.ID()) != test.known {
				t.Error("a token or an ID was adopted, or the session's own was not")
			}
			if want := map[bool]int{true: 8, false: 7}[test.known]; value(t, store, own).Count != want {
				t.Errorf("stored is %+v", value(t, store, own))
			}
		})
	}
}

// Times are compared with the arrival of the request: a slow one fares as a quick one.
func TestLoadLongAfterTheArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		must(t, store, token, renew)
		arrived := time.Now()
		time.Sleep(10 * time.Minute)
		s, err := session.Load(t.Context(), store, nil, token, arrived)
		if err != nil || !s.Gone() {
			t.Errorf("%v, gone: %v", err, s.Gone())
		}
		if got := standing(t, store, token); got != "unknown" {
			t.Errorf("for a request that arrives now, the token is %s", got)
		}
	})
}

func TestCheck(t *testing.T) {
	type bad struct {
		C chan int
		F func()
		h int
	}
	err := session.Check[bad]()
	if err == nil || strings.Count(err.Error(), "session: bad.") != 3 {
		t.Errorf("got %v", err)
	}
	_ = bad{h: 1}
	if err := session.Check[state](); err != nil {
		t.Error(err)
	}
}

// A copier is a store with a copy, which it answers with if the copy accepts the secret.
type copier struct {
	*probe
	taken session.Record[state]
}

func (c *copier) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (session.Record[state], bool, error) {
	if id == c.taken.ID && accepts(c.taken.Secrets) {
		return c.taken, true, nil
	}
	rec, err := c.Load(ctx, id)
	if err == nil && !accepts(rec.Secrets) {
		rec.Value = state{}
	}
	return rec, false, err
}

// copyOf returns a store that has a copy of a session as it is now.
func copyOf(t *testing.T, store *probe, token session.Token) *copier {
	t.Helper()
	return &copier{store, record(t, store, token.ID())}
}

// A change is made on the present record, also when it changes nothing of a copy.
func TestChangesOfACopy(t *testing.T) {
	one := func(v *state) { v.Count = 1 }
	deadline := time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		meanwhile request // after the copy was taken
		change    request
		err       error
		count     int
		calls     string
	}{
		"reads":                        {nil, read, nil, 1, ""},
		"changes":                      {nil, count, nil, 2, "Save"},
		"changes, after another":       {count, count, nil, 3, "Save Load Save"},
		"changes nothing":              {nil, func(s *session.Session[state]) { s.Update(one) }, nil, 1, "Load"},
		"undoes what it does not know": {count, func(s *session.Session[state]) { s.Update(one) }, nil, 1, "Load Save"},
		"changes nothing of a session that has ended":    {logOut, func(s *session.Session[state]) { s.Update(one) }, session.ErrGone, 0, "Load"},
		"changes nothing by a token that a log-in ended": {renew, func(s *session.Session[state]) { s.Update(one) }, session.ErrGone, 0, "Load"},
		"sets a deadline that another moved": {func(s *session.Session[state]) { s.SetDeadline(deadline.Add(time.Minute)) },
			func(s *session.Session[state]) { s.SetDeadline(deadline) }, nil, 1, "Load Save"},
		"ends, and changes nothing of the next": {nil, both(logOut, (*session.Session[state]).Clear), nil, 0, "Delete"},
		"ends by a token that a log-in ended":   {renew, logOut, session.ErrGone, 0, "Delete Load"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := session.New(store, nil)
			s.Set(state{Count: 1})
			s.SetDeadline(deadline)
			s.Remember(true) // a later deadline of a cookie that has one renews
			commit(t, s)
			token := tokenOf(s)
			near := copyOf(t, store, token)
			if test.meanwhile != nil {
				must(t, store, token, test.meanwhile)
			}
			s = load(t, near, token)
			store.calls()
			test.change(s)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("Commit: %v", err)
			}
			if got := store.calls(); got != test.calls {
				t.Errorf("calls %q, want %q", got, test.calls)
			}
			got := load(t, store, token)
			if got.Value().Count != test.count {
				t.Errorf("stored is %+v", got.Value())
			}
			if test.err == nil && test.count > 0 && !s.Deadline().Equal(got.Deadline()) {
				t.Errorf("the deadline is %v", s.Deadline())
			}
		})
	}
}

func TestACopy(t *testing.T) {
	t.Run("is verified once", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		for name, first := range map[string]func(*state){"verified": func(*state) {}, "saved": increment} {
			s := load(t, copyOf(t, store, token), token)
			s.Update(first)
			commit(t, s)
			store.calls()
			s.Update(func(*state) {})
			commit(t, s)
			if got := store.calls(); got != "" {
				t.Errorf("%s: calls %q", name, got)
			}
		}
	})
	t.Run("ends at its deadline", func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		near := copyOf(t, store, token)
		near.taken.Deadline = time.Now().Add(-time.Second)
		if s := load(t, near, token); !s.IsNew() {
			t.Error("it lives beyond its deadline")
		}
	})
	t.Run("refuses nothing that the store accepts", func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{Count: 1})
		near := copyOf(t, store, old)
		if s := load(t, near, must(t, store, old, renew)); s.IsNew() || s.Gone() {
			t.Error("the token of a log-in is refused")
		}
	})
	t.Run("does not settle or rotate what has changed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store, policy := newProbe(), &session.Policy{RotateEvery: time.Minute}
			token := storedWith(t, store, policy, state{User: "ada"})
			near := copyOf(t, store, token)
			time.Sleep(2 * time.Minute)
			next := mustWith(t, store, policy, token, read) // rotates
			must(t, store, next, logIn("ada"))
			before := record(t, store, token.ID())
			if s, err := visitWith(t, near, policy, token, read); err != nil || !s.Gone() || hooks.Of(s).News() != hooks.NoNews {
				t.Errorf("%v; gone %v, news %v", err, s.Gone(), hooks.Of(s).News())
			}
			if got := record(t, store, token.ID()); got.Secrets != before.Secrets {
				t.Errorf("the secrets are %v, want %v", got.Secrets, before.Secrets)
			}
		})
	})
}
