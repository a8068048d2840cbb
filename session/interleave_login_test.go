package session_test

import (
	"slices"
	"testing"

	"github.com/seed48429006/sessions/session"
)

// A double click on "Log in" sends the form twice with one token. Whichever
// response the browser takes, the visitor is logged in and has the cart.
func TestEveryOrderOfADoubleClick(t *testing.T) {
	for name, start := range map[string]state{
		"a visitor with a cart":     {Notes: []string{"cart"}},
		"a visitor logged in":       {User: "ada", Notes: []string{"cart"}},
		"a visitor of another name": {User: "bob", Notes: []string{"cart"}},
	} {
		for clicks, handlers := range map[string][]request{
			"two clicks":               {logInAs("ada"), logInAs("ada")},
			"a click and two attempts": {logInAs("ada"), both(logInAs("ada"), commitNow, logInAs("ada"))},
		} {
			t.Run(clicks+" by "+name, func(t *testing.T) {
				t.Parallel()
				o := overlap{Start: start, Handlers: handlers}
				overlaps(t, o, func(tb testing.TB, out outcome) {
					for i, r := range out.Results {
						if !r.Done() {
							if out.Fault == "" {
								tb.Errorf("request %d: %v", i, r.Err)
							}
							continue
						}
						rec, err := out.Load(r.Token)
						if err != nil || rec.Value.User != "ada" || !slices.Equal(rec.Value.Notes, []string{"cart"}) {
							tb.Errorf("with the token of request %d: %+v, %v", i, rec.Value, err)
						}
					}
					if _, err := out.Load(out.Start); err == nil && out.Fault == "" {
						tb.Error("the token from before the log-in works")
					}
				})
			})
		}
	}
}

// A log-in takes nothing from a session that another owner's log-in began.
func TestEveryOrderOfLogInsOfTwoOwners(t *testing.T) {
	o := overlap{Handlers: []request{
		both(note("0"), logInAs("ada")),
		both(note("1"), logInAs("bob")),
	}, Start: state{Notes: []string{"cart"}}}
	overlaps(t, o, func(tb testing.TB, out outcome) {
		for i, owner := range []string{"ada", "bob"} {
			r := out.Results[i]
			if !r.Done() {
				if out.Fault == "" {
					tb.Errorf("%s: %v", owner, r.Err)
				}
				continue
			}
			rec, err := out.Load(r.Token)
			if err != nil || rec.Owner != owner || slices.Contains(rec.Value.Notes, []string{"1", "0"}[i]) {
				tb.Errorf("%s: %+v, %v", owner, rec.Value, err)
			}
		}
	})
}

// A log-in outlives whatever ends the session that it came with.
func TestEveryOrderOfALogInAndAnEnd(t *testing.T) {
	for name, act := range map[string]request{
		"a log-out":                      logOut,
		"a renewal":                      renew,
		"an update":                      note("1"),
		"a log-in by the owner's change": logIn("ada"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overlap{Start: state{Count: 1}, Handlers: []request{both(note("0"), logInAs("ada")), act}}
			overlaps(t, o, func(tb testing.TB, out outcome) {
				r := out.Results[0]
				if !r.Done() {
					if out.Fault == "" {
						tb.Errorf("the log-in failed: %v", r.Err)
					}
					return
				}
				if rec, err := out.Load(r.Token); err != nil || rec.Owner != "ada" || !slices.Contains(rec.Value.Notes, "0") {
					tb.Errorf("the session: %+v, %v", rec, err)
				}
			})
		})
	}
}

func logInEdit(name string) func(*state) { return func(v *state) { v.User = name } }

func TestLogInOfTheSameOwnerRenewsForAWholeLifetime(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{User: "ada", Count: 1})
	s := load(t, store, old)
	s.SetDeadline(s.Deadline().Add(-session.DefaultLifetime / 2))
	commit(t, s)
	early := s.Deadline()
	s.LogIn(logInEdit("ada"))
	commit(t, s)
	if token, _ := s.Token(); token.Equal(old) || !s.Deadline().After(early) {
		t.Errorf("renewed: %v, deadline %v after %v", !token.Equal(old), s.Deadline(), early)
	}
}
