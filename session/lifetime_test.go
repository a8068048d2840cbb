package session_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestReadingMovesTheIdleEndNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		store.calls()
		for range 10 {
			must(t, store, token, read)
		}
		if got := store.calls(); got != strings.TrimSpace(strings.Repeat("Load ", 10)) {
			t.Errorf("ten reads make the calls %q", got)
		}
		for range 3 * 16 { // three hours of a session with an idle timeout of one
			time.Sleep(time.Hour / 16)
			must(t, store, token, read)
		}
		if got := strings.Count(store.calls(), "Touch"); got != 3*16 {
			t.Errorf("%d touches, want %d", got, 3*16)
		}
		time.Sleep(time.Hour)
		if got := standing(t, store, token); got != "unknown" {
			t.Errorf("the token of an idle session is %s", got)
		}
	})
}

// Each row is the first use of a session half an hour after it was stored, and its touch.
func TestTouch(t *testing.T) {
	for name, test := range map[string]struct {
		before func(t *testing.T, store *probe, token session.Token) // the commit
		calls  string
		events []session.EventKind
		gone   bool
	}{
		"works":                         {nil, "Touch", []session.EventKind{session.EventTouched}, false},
		"fails":                         {func(t *testing.T, p *probe, _ session.Token) { p.fail("Touch", false) }, "Touch", []session.EventKind{session.EventFailed}, false},
		"finds another revision":        {func(t *testing.T, p *probe, token session.Token) { must(t, p, token, count) }, "Touch Load", nil, false},
		"finds a passive change":        {func(t *testing.T, p *probe, token session.Token) { must(t, p, token, passive, count) }, "Touch Load Touch", []session.EventKind{session.EventTouched}, false},
		"finds another kind of session": {func(t *testing.T, p *probe, token session.Token) { must(t, p, token, remember(true)) }, "Touch Load", nil, false},
		"finds a log-in":                {func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logIn("ada")) }, "Touch Load", []session.EventKind{session.EventGone}, true},
		"finds no session":              {func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logOut) }, "Touch", []session.EventKind{session.EventGone}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				var kinds []session.EventKind
				policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { kinds = append(kinds, e.Kind) }}
				token := stored(t, store, state{Count: 1})
				time.Sleep(30 * time.Minute)
				s := loadWith(t, store, policy, token)
				if test.before != nil {
					test.before(t, store, token)
				}
				kinds = nil
				store.calls()
				before := record0(store, token)
				commit(t, s)
				commit(t, s) // does not try again at once
				if got := store.calls(); got != test.calls || !slices.Equal(kinds, test.events) || s.Gone() != test.gone {
					t.Errorf("calls %q, events %v, gone %v", got, kinds, s.Gone())
				}
				after := record0(store, token)
				if !slices.Contains(test.events, session.EventTouched) && !after.Expires.Equal(before.Expires) || after.Revision != before.Revision {
					t.Error("it changes what is another request's")
				}
				time.Sleep(10 * time.Minute)
				s.Update(increment)
				if err := s.Commit(t.Context()); (err != nil) != test.gone {
					t.Errorf("a change after it: %v", err)
				}
			})
		})
	}
	t.Run("beside a clock that is ahead moves the end back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			if err := store.Store.Touch(t.Context(), token.ID(), record(t, store, token.ID()).Revision, time.Now().UTC().Add(3*time.Hour)); err != nil {
				t.Fatal(err)
			}
			s, err := visit(t, store, token, read)
			if got := time.Until(s.Expires()); err != nil || got > time.Hour {
				t.Errorf("%v; expires in %v", err, got)
			}
		})
	})
}

func TestNoIdleTimeout(t *testing.T) {
	endless := &session.Policy{IdleTimeout: -1}
	t.Run("expires at the deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			token := storedWith(t, store, endless, state{Count: 1})
			time.Sleep(20 * time.Hour)
			store.calls()
			s, err := visitWith(t, store, endless, token, read)
			if got := store.calls(); err != nil || got != "Load" || !s.Expires().Equal(s.Deadline()) {
				t.Errorf("%v; calls %q; expires %v, deadline %v", err, got, s.Expires(), s.Deadline())
			}
		})
	})
	t.Run("frees a session that was stored with one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			mustWith(t, store, endless, token, read)
			time.Sleep(3 * time.Hour)
			if s := loadWith(t, store, endless, token); s.IsNew() || !s.Expires().Equal(s.Deadline()) {
				t.Errorf("expires at %v, deadline %v", s.Expires(), s.Deadline())
			}
		})
	})
	t.Run("ends no record without a deadline", func(t *testing.T) {
		store := newProbe()
		token := session.NewToken(session.NewID())
		at := time.Now().UTC().Truncate(time.Millisecond)
		rec := session.Record[state]{ID: token.ID(), Secrets: session.NewSecrets(token), Created: at, Renewed: at, Expires: at.Add(time.Hour), Value: state{Count: 1}}
		if err := store.Store.Save(t.Context(), &rec); err != nil {
			t.Fatal(err)
		}
		if s, err := visitWith(t, store, endless, token, read); err != nil || s.Gone() || value(t, store, token).Count != 1 {
			t.Errorf("%v; gone: %v", err, s.Gone())
		}
	})
}

func TestUseDoesNotMoveTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{Lifetime: 3 * time.Hour}
		token := storedWith(t, store, policy, state{Count: 1})
		for range 5 {
			time.Sleep(30 * time.Minute)
			s, err := visitWith(t, store, policy, token, count, renew)
			if err != nil || s.Expires().After(s.Deadline()) {
				t.Errorf("%v; expires at %v, deadline %v", err, s.Expires(), s.Deadline())
			}
			token = tokenOf(s)
		}
		time.Sleep(30 * time.Minute)
		if got := standing(t, store, token); got != "unknown" {
			t.Errorf("after its lifetime, the token is %s", got)
		}
	})
}

func TestASessionThatExpiresDuringARequest(t *testing.T) {
	for _, policy := range []*session.Policy{{Lifetime: time.Hour}, {IdleTimeout: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			token := storedWith(t, store, policy, state{Count: 1})
			time.Sleep(59 * time.Minute)
			s := loadWith(t, store, policy, token)
			time.Sleep(2 * time.Minute)
			s.Update(increment)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSetDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		month := time.Now().Add(30 * day)
		s := session.New(store, nil)
		s.Update(increment)
		s.SetDeadline(month)
		commit(t, s)
		if !s.Deadline().Equal(month.UTC().Truncate(time.Millisecond)) || time.Until(s.Expires()) > time.Hour {
			t.Errorf("deadline %v, expires %v", s.Deadline(), s.Expires())
		}
		s.SetDeadline(time.Now().Add(time.Minute))
		commit(t, s)
		time.Sleep(time.Minute)
		if got := standing(t, store, tokenOf(s)); got != "unknown" {
			t.Errorf("beyond the end it was given, the token is %s", got)
		}
	})
	t.Run("that comes while it is saved", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			s.SetDeadline(time.Now().Add(time.Second))
			store.once("Save", func() error { time.Sleep(2 * time.Second); return nil })
			commit(t, s)
			if _, ok := s.Token(); ok || live(t, store) != 0 {
				t.Error("it lives")
			}
		})
	})
	for _, end := range []time.Time{time.Unix(math.MaxInt64, 0), time.Unix(1<<55, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		t.Run("at the end of time", func(t *testing.T) {
			store := newProbe()
			s := session.New(store, nil)
			s.Update(increment)
			s.SetDeadline(end)
			commit(t, s)
			if token, ok := s.Token(); !ok || load(t, store, token).IsNew() {
				t.Errorf("a session until %d is not there", end.Unix())
			}
		})
	}
}

// A deadline in the past ends the session as Destroy does.
func TestADeadlineInThePast(t *testing.T) {
	for name, test := range map[string]struct {
		other request
		err   error
		calls string
		live  int
	}{
		"alone":                       {nil, nil, "Delete", 0},
		"beside a change":             {count, nil, "Delete Load Delete", 0},
		"beside another, later":       {endIn(time.Hour), nil, "Delete Load Delete", 0},
		"beside a renewal":            {renew, session.ErrGone, "Delete Load", 1},
		"beside a log-out":            {logOut, nil, "Delete", 0},
		"beside a log-in long before": {both(logIn("ada")), session.ErrGone, "Delete Load", 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 7})
			s := load(t, store, old)
			if test.other != nil {
				must(t, store, old, test.other)
			}
			s.SetDeadline(time.Time{})
			store.calls()
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("got %v", err)
			}
			if got := store.calls(); got != test.calls || live(t, store) != test.live {
				t.Errorf("calls %q; %d sessions", got, live(t, store))
			}
			if test.err != nil {
				return
			}
			s.Update(increment)
			commit(t, s)
			if token := tokenOf(s); token.ID() == old.ID() || value(t, store, token).Count != 1 {
				t.Errorf("a change after it: %+v", s.Value())
			}
		})
	}
}

func TestSession_Remember(t *testing.T) {
	for _, all := range []bool{false, true} {
		store, policy := newProbe(), &session.Policy{Remember: session.Remember{All: all}}
		token := storedWith(t, store, policy, state{Count: 1})
		s := loadWith(t, store, policy, token)
		if s.Remembered() != all {
			t.Errorf("Remember.All %v gives Remembered %v", all, s.Remembered())
		}
		s.Remember(!all)
		if !s.Modified() {
			t.Error("no change")
		}
		commit(t, s)
		if loadWith(t, store, policy, tokenOf(s)).Remembered() == all {
			t.Error("lost")
		}
	}
}

// monthly remembers sessions for thirty days, of which seven may be idle.
var monthly = session.Remember{Lifetime: 30 * day, IdleTimeout: 7 * day}

// Each row says when a session ends, right after a request that comes half an hour after
// the one before.
func TestRemember(t *testing.T) {
	const half = 30 * time.Minute
	tests := []struct {
		name           string
		policy         session.Policy
		requests       []request
		remembered     bool
		expires, after time.Duration // the idle end, and the deadline
	}{
		{"by default", session.Policy{}, []request{count, remember(true)}, true, 14 * day, 14 * day},
		{"by default, from the beginning", session.Policy{}, []request{both(logIn("ada"), remember(true)), read}, true, 14*day - half, 14*day - half},
		{"by default, no longer", session.Policy{}, []request{both(count, remember(true)), remember(false)}, false, time.Hour, day},
		{"by default, beside a longer lifetime", session.Policy{Lifetime: 60 * day}, []request{both(count, remember(true))}, true, 60 * day, 60 * day},
		{"by default, beside a long idle timeout", session.Policy{IdleTimeout: 20 * day}, []request{both(count, remember(true))}, true, 14 * day, 14 * day},
		{"with an idle timeout alone", session.Policy{Remember: session.Remember{IdleTimeout: 7 * day}}, []request{both(count, remember(true))}, true, 7 * day, 14 * day},
		{"shorter than others", session.Policy{Lifetime: 60 * day, Remember: session.Remember{Lifetime: day}}, []request{both(count, remember(true))}, true, day, day},
		{"all", session.Policy{Remember: session.Remember{All: true}}, []request{count}, true, 14 * day, 14 * day},
		{"all but this one", session.Policy{Remember: session.Remember{All: true}}, []request{both(count, remember(false))}, false, time.Hour, day},
		{"not asked", session.Policy{}, []request{count}, false, time.Hour, day},
		{"ordinary", session.Policy{Remember: monthly}, []request{count}, false, time.Hour, day},
		{"ordinary, read", session.Policy{Remember: monthly}, []request{count, read}, false, time.Hour, day - half},
		{"remembered from the beginning", session.Policy{Remember: monthly}, []request{both(count, remember(true))}, true, 7 * day, 30 * day},
		{"remembered, changed later", session.Policy{Remember: monthly}, []request{both(count, remember(true)), count}, true, 7 * day, 30*day - half},
		{"remembered, asked for again", session.Policy{Remember: monthly}, []request{both(count, remember(true)), remember(true)}, true, 7*day - half, 30*day - half},
		{"remembered, renewed", session.Policy{Remember: monthly}, []request{both(count, remember(true)), renew}, true, 7 * day, 30*day - half},
		{"remembered without idle timeout", session.Policy{Remember: session.Remember{Lifetime: 30 * day}}, []request{both(count, remember(true)), count}, true, 30*day - half, 30*day - half},
		{"log-in", session.Policy{Remember: monthly}, []request{count, become("ada")}, false, time.Hour, day},
		{"log-in, remembered", session.Policy{Remember: monthly}, []request{count, both(logIn("ada"), remember(true))}, true, 7 * day, 30 * day},
		{"log-in of a remembered one", session.Policy{Remember: monthly}, []request{both(count, remember(true)), logIn("ada")}, true, 7 * day, 30 * day},
		{"log-in of a remembered one, which is not to be", session.Policy{Remember: monthly}, []request{both(count, remember(true)), both(logIn("ada"), remember(false))}, false, time.Hour, day},
		{"becomes remembered", session.Policy{Remember: monthly}, []request{count, remember(true)}, true, 7 * day, 30 * day},
		{"becomes ordinary", session.Policy{Remember: monthly}, []request{both(count, remember(true)), remember(false)}, false, time.Hour, day},
		{"becomes ordinary, near its end", session.Policy{Remember: monthly}, []request{both(count, remember(true), endIn(2*time.Hour)), remember(false)}, false, time.Hour, 2*time.Hour - half},
		{"becomes ordinary and remembered", session.Policy{Remember: monthly}, []request{both(count, remember(true)), remember(false), remember(true)}, true, 7 * day, 30 * day},
		{"a deadline of its own", session.Policy{Remember: monthly}, []request{count, both(remember(true), endIn(90*day))}, true, 7 * day, 90 * day},
		{"no idle timeout of the others", session.Policy{IdleTimeout: -1, Remember: monthly}, []request{both(count, remember(true)), remember(false)}, false, day, day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				s := session.New(store, &tt.policy)
				for i, act := range tt.requests {
					if i > 0 {
						time.Sleep(half)
						s = loadWith(t, store, &tt.policy, tokenOf(s))
					}
					act(s)
					commit(t, s)
				}
				if s.Remembered() != tt.remembered {
					t.Errorf("remembered: %v", s.Remembered())
				}
				if got := time.Until(s.Expires()); got != tt.expires {
					t.Errorf("expires in %v, want %v", got, tt.expires)
				}
				if got := time.Until(s.Deadline()); got != tt.after {
					t.Errorf("ends in %v, want %v", got, tt.after)
				}
			})
		})
	}
}

// Records of versions whose ordinary cookies outlived the browser are remembered ones with
// an ordinary deadline. Their visitors stay logged in until then.
func TestARememberedSessionKeepsAnOrdinaryDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{User: "ada"})
		rec := record(t, store, token.ID())
		rec.Remembered = true
		if err := store.Store.Save(t.Context(), &rec); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		must(t, store, token, read)
		time.Sleep(23 * time.Hour)
		if s := load(t, store, token); s.Value().User != "ada" || !s.Expires().Equal(s.Deadline()) || !s.Deadline().Equal(rec.Deadline) {
			t.Errorf("%+v; it expires at %v, its deadline is %v, and was %v", s.Value(), s.Expires(), s.Deadline(), rec.Deadline)
		}
	})
}

// Reading a remembered session writes as seldom as its own idle timeout allows.
func TestRememberedSessionsAreTouchedBySixteenths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{Remember: session.Remember{Lifetime: 32 * day, IdleTimeout: 16 * day}}
		s := session.New(store, policy)
		both(count, remember(true))(s)
		commit(t, s)
		touches := 0
		for range 8 * 24 {
			time.Sleep(time.Hour)
			store.calls()
			mustWith(t, store, policy, tokenOf(s), read)
			if store.calls() == "Load Touch" {
				touches++
			}
		}
		if touches != 8 {
			t.Errorf("%d touches in eight days, want 8", touches)
		}
	})
}
