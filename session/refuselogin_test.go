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

// refusing lets each owner have so many sessions.
func refusing(most int) *session.Policy {
	return &session.Policy{MaxPerOwner: most, AtMax: session.RefuseLogIn}
}

// tryLogIn logs ada in from a browser of her own.
func tryLogIn(t testing.TB, store session.Store[state], p *session.Policy) (session.Token, error) {
	t.Helper()
	s := session.New(store, p)
	logIn("ada")(s)
	err := s.Commit(t.Context())
	return tokenOf(s), err
}

func TestARefusedLogInChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), refusing(1)
		var kinds []session.EventKind
		p.Observe = func(_ context.Context, e session.Event) { kinds = append(kinds, e.Kind) }
		p.Report = func(_ context.Context, e session.Event) { t.Errorf("trouble: %v", e) }
		cart := storedWith(t, store, p, state{Notes: []string{"tea"}})
		before := record(t, store, cart.ID())
		first, err := tryLogIn(t, store, p)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour / 2)
		for name, act := range map[string]request{"a log-in": logIn("ada"), "an account's change": become("ada")} {
			kinds = nil
			s := loadWith(t, store, p, cart)
			act(s)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrTooManySessions) {
				t.Errorf("%s: %v", name, err)
			}
			if !slices.Equal(kinds, []session.EventKind{session.EventLoaded, session.EventRefused}) {
				t.Errorf("%s: events %v", name, kinds)
			}
			if !s.Modified() || s.Gone() || tokenOf(s) != cart {
				t.Errorf("%s: the session is not as it was", name)
			}
			if got := record(t, store, cart.ID()); got.Revision != before.Revision || !got.Expires.Equal(before.Expires) {
				t.Errorf("%s: the record was written", name)
			}
			s.Discard()
			s.Update(increment)
			commit(t, s)
			before = record(t, store, cart.ID())
		}
		if got := standing(t, store, first); got != "accepted" {
			t.Errorf("the first log-in's token is %s", got)
		}
		if v := value(t, store, cart); v.Count != 2 || v.User != "" || !slices.Equal(v.Notes, []string{"tea"}) {
			t.Errorf("the cart is %+v", v)
		}
	})
}

// A place is free as soon as a session has ended, and is another's if its session changes
// hands. An owner who is logged in may log in again in the same session.
func TestPlacesAreFreeAtOnce(t *testing.T) {
	for name, leave := range map[string]request{"a log-out": logOut, "a change of the account": both(become("bob"), commitNow, logOut), "no account": become("")} {
		t.Run(name, func(t *testing.T) {
			store, p := newProbe(), refusing(2)
			must2 := func() session.Token {
				token, err := tryLogIn(t, store, p)
				if err != nil {
					t.Fatal(err)
				}
				return token
			}
			one, two := must2(), must2()
			for range 30 { // more than a note has room for
				if _, err := tryLogIn(t, store, p); !errors.Is(err, session.ErrTooManySessions) {
					t.Fatalf("a third log-in: %v", err)
				}
				one = mustWith(t, store, p, one, logIn("ada"))
				mustWith(t, store, p, two, leave)
				two = must2()
			}
		})
	}
}

// An owner who has more sessions than are allowed, since the bound was lowered, keeps
// them.
func TestALowerBoundEndsNothing(t *testing.T) {
	store := newProbe()
	var tokens []session.Token
	for range 3 {
		tokens = append(tokens, storedWith(t, store, nil, state{User: "ada"}))
	}
	p := refusing(1)
	if _, err := tryLogIn(t, store, p); !errors.Is(err, session.ErrTooManySessions) {
		t.Errorf("a log-in: %v", err)
	}
	mustWith(t, store, p, tokens[0], both(count, logIn("ada")))
	if got := live(t, store); got != 3 {
		t.Errorf("%d sessions", got)
	}
}

// A process that dies while it stores a log-in keeps the place until no write of it can
// arrive any more: for SaveTimeout and the minute by which clocks may differ.
func TestADeadProcessKeepsItsPlaceForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), refusing(1)
		p.SaveTimeout = 3 * time.Second
		store.before = at("Save", 2, func() error { panic("died") }) // the session's, after the note's
		if panics(func() { tryLogIn(t, store, p) }) == nil {
			t.Fatal("it lives")
		}
		store.before = nil
		const keeps = time.Minute + 3*time.Second
		time.Sleep(keeps - time.Millisecond)
		if _, err := tryLogIn(t, store, p); !errors.Is(err, session.ErrTooManySessions) {
			t.Errorf("a moment before its time: %v", err)
		}
		time.Sleep(time.Millisecond)
		if _, err := tryLogIn(t, store, p); err != nil {
			t.Errorf("after its time: %v", err)
		}
	})
}

// A log-in that fails gives its place up if it was not stored. If that is not known, the
// place is its own, for another try.
func TestALogInThatFailed(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		applied bool
		other   error // of another log-in then
		retry   error // of another try
	}{
		"too large":         {session.ErrTooLarge, false, nil, session.ErrTooManySessions},
		"not known":         {errDown, false, session.ErrTooManySessions, nil},
		"stored, not known": {errDown, true, session.ErrTooManySessions, nil},
	} {
		t.Run(name, func(t *testing.T) {
			store, p := newProbe(), refusing(1)
			hook := at("Save", 2, func() error { return test.err })
			if test.applied {
				store.after = hook
			} else {
				store.before = hook
			}
			s := session.New(store, p)
			logIn("ada")(s)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) {
				t.Fatalf("the log-in: %v", err)
			}
			if _, err := tryLogIn(t, store, p); !errors.Is(err, test.other) {
				t.Errorf("another log-in: %v", err)
			}
			if err := s.Commit(t.Context()); !errors.Is(err, test.retry) {
				t.Errorf("another try: %v", err)
			}
			owned := 0
			for range store.ByOwner(t.Context(), "ada") {
				owned++
			}
			if got := standing(t, store, tokenOf(s)); owned != 1 || test.retry == nil && got != "accepted" {
				t.Errorf("%d sessions; the token is %s", owned, got)
			}
		})
	}
}

// Without the store's answer, nobody is logged in beyond the bound.
func TestALogInThatCannotBeCounted(t *testing.T) {
	for name, store := range map[string]session.Store[state]{
		"the list":     &failingIndex{newProbe()},
		"the note":     failing("Load"),
		"the new note": failing("Save"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tryLogIn(t, store, refusing(1)); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrTooManySessions) {
				t.Errorf("the log-in: %v", err)
			}
		})
	}
}

func failing(op string) *probe {
	p := newProbe()
	p.always(op, errDown)
	return p
}

// Many log-ins at once: as many succeed as there is room for.
func TestManyLogInsAtOnce(t *testing.T) {
	for name, test := range map[string]struct{ most, logIns int }{"few of many": {3, 40}, "all": {40, 40}, "one": {1, 20}} {
		t.Run(name, func(t *testing.T) {
			store, p := newProbe(), refusing(test.most)
			p.SaveTimeout = time.Minute
			var mu sync.Mutex
			done, refused := 0, 0
			var wg sync.WaitGroup
			for range test.logIns {
				wg.Go(func() {
					_, err := tryLogIn(t, store, p)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						done++
					case errors.Is(err, session.ErrTooManySessions):
						refused++
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if done != test.most || refused != test.logIns-test.most {
				t.Errorf("%d done, %d refused", done, refused)
			}
		})
	}
}

// A request that logs nobody in asks nothing about places.
func TestRefusingCostsOnlyLogIns(t *testing.T) {
	store, p := newProbe(), refusing(1)
	token, err := tryLogIn(t, store, p)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		act   request
		calls string
	}{
		"a read":          {read, "Load"},
		"a change":        {count, "Load Save"},
		"another log-in":  {logIn("ada"), "Load Save"},
		"an anonymous":    {nil, "Save"},
		"another renewal": {renew, "Load Save"},
	} {
		store.calls()
		if test.act == nil {
			storedWith(t, store, p, state{Count: 1})
		} else {
			token = mustWith(t, store, p, token, test.act)
		}
		if got := store.calls(); got != test.calls {
			t.Errorf("%s makes the calls %q", name, got)
		}
	}
}
