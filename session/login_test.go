package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

func TestLogIn(t *testing.T) {
	for name, start := range map[string]state{
		"of a visitor":      {Notes: []string{"cart"}},
		"of the same owner": {User: "ada", Notes: []string{"cart"}},
		"of another owner":  {User: "bob", Notes: []string{"cart"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				old := stored(t, store, start)
				created, id := time.Now(), old.ID()
				time.Sleep(30 * time.Minute)
				s := load(t, store, old)
				store.calls()
				logIn("ada")(s)
				commit(t, s)
				if got := store.calls(); got != "Save" {
					t.Errorf("calls %q", got)
				}
				now := time.Now()
				rec := record(t, store, id)
				if s.ID() != id || !s.Created().Equal(created.UTC()) || rec.Owner != "ada" || live(t, store) != 1 {
					t.Errorf("it is another session: %+v", rec)
				}
				if !s.LoggedIn().Equal(now.UTC()) || !s.Renewed().Equal(now.UTC()) || s.Deadline().Sub(now) != session.DefaultLifetime || s.Expires().Sub(now) != session.DefaultIdleTimeout {
					t.Errorf("logged in %v, renewed %v, deadline %v, expires %v", s.LoggedIn(), s.Renewed(), s.Deadline(), s.Expires())
				}
				token := tokenOf(s)
				if token.Equal(old) || standing(t, store, old) != "gone" || hooks.Of(s).News() != hooks.NewToken {
					t.Errorf("the old token is %s", standing(t, store, old))
				}
				if diff := cmp.Diff(state{User: "ada", Notes: []string{"cart"}}, value(t, store, token)); diff != "" {
					t.Error(diff)
				}
				for other, err := range store.ByOwner(t.Context(), "ada") {
					if err != nil || other.ID != id {
						t.Error(other.ID, err)
					}
				}
				time.Sleep(time.Minute)
				must(t, store, token, count)
				if s := load(t, store, token); !s.LoggedIn().Equal(now.UTC()) || !tokenOf(s).Equal(token) {
					t.Error("a change counts as a log-in")
				}
			})
		})
	}
	t.Run("is kept when other edits follow", func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{User: "ada"})
		if must(t, store, old, logIn("ada"), count).Equal(old) {
			t.Error("the token is the same")
		}
	})
}

// A change of the owner is a log-in, or a log-out that leaves the session.
func TestAChangeOfTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		for _, owner := range []string{"ada", "bob", ""} {
			time.Sleep(30 * time.Minute)
			old := token
			s, err := visit(t, store, token, become(owner))
			if err != nil {
				t.Fatal(err)
			}
			token = tokenOf(s)
			want := time.Now().UTC()
			if owner == "" {
				want = time.Time{}
			}
			if token.Equal(old) || standing(t, store, old) != "gone" || !s.LoggedIn().Equal(want) || s.ID() != old.ID() {
				t.Errorf("to %q: the old token is %s, logged in %v", owner, standing(t, store, old), s.LoggedIn())
			}
			if got := time.Until(s.Deadline()); got != session.DefaultLifetime {
				t.Errorf("to %q: it ends in %v", owner, got)
			}
		}
	})
}

// Each row logs in by a token that another request has ended.
func TestLogInByAnEndedToken(t *testing.T) {
	for name, test := range map[string]struct {
		start  state
		other  request
		after  time.Duration
		self   request
		joins  bool
		want   state
		fourth bool // the record's list is full
	}{
		"of the same owner joins": {state{Notes: []string{"cart"}}, logIn("ada"), 0, both(logIn("ada"), count), true,
			state{User: "ada", Count: 1, Notes: []string{"cart"}}, false},
		"joins with every change before it": {state{Notes: []string{"cart"}}, both(logIn("ada"), note("other")), 0, both(note("own"), logIn("ada")), true,
			state{User: "ada", Notes: []string{"cart", "other", "own"}}, false},
		"joins after an owner's change":           {state{Notes: []string{"cart"}}, become("ada"), 0, logIn("ada"), true, state{User: "ada", Notes: []string{"cart"}}, false},
		"of another owner begins anew":            {state{Notes: []string{"cart"}}, logIn("bob"), 0, logIn("ada"), false, state{User: "ada"}, false},
		"of no owner begins anew":                 {state{Notes: []string{"cart"}}, renew, 0, both(logIn(""), count), false, state{Count: 1}, false},
		"to a record without owner begins anew":   {state{Notes: []string{"cart"}}, renew, 0, logIn("ada"), false, state{User: "ada"}, false},
		"after the grace begins anew":             {state{Notes: []string{"cart"}}, logIn("ada"), grace, logIn("ada"), false, state{User: "ada"}, false},
		"within the grace joins":                  {state{Notes: []string{"cart"}}, logIn("ada"), grace - time.Millisecond, logIn("ada"), true, state{User: "ada", Notes: []string{"cart"}}, false},
		"of a session that was ended begins anew": {state{Notes: []string{"cart"}}, logOut, 0, logIn("ada"), false, state{User: "ada"}, false},
		"without room begins anew":                {state{Notes: []string{"cart"}}, logIn("ada"), 0, logIn("ada"), false, state{User: "ada"}, true},
	} {
		for when, early := range map[string]bool{"loaded before": true, "loaded after": false} {
			if early && test.after > 0 {
				continue // then its arrival counts: see TestARequestThatTakesLong
			}
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					old := stored(t, store, test.start)
					before := load(t, store, old)
					token := must(t, store, old, test.other)
					for range 3 {
						if test.fourth {
							must(t, store, old, logIn("ada"))
						}
					}
					time.Sleep(test.after)
					s := before
					if !early {
						s = load(t, store, old)
						if s.Value().User != "" {
							t.Error("an ended token shows a value")
						}
					}
					n := live(t, store)
					test.self(s)
					commit(t, s)
					own := tokenOf(s)
					if joined := own.ID() == old.ID(); joined != test.joins || live(t, store) != n+map[bool]int{true: 0, false: 1}[joined] {
						t.Errorf("joined: %v, want %v; %d sessions", joined, test.joins, live(t, store))
					}
					if diff := cmp.Diff(test.want, value(t, store, own)); diff != "" {
						t.Error(diff)
					}
					if diff := cmp.Diff(test.want, s.Value()); diff != "" {
						t.Error(diff)
					}
					if hooks.Of(s).News() != hooks.NewToken || s.Gone() || s.Modified() {
						t.Errorf("news %v, gone %v", hooks.Of(s).News(), s.Gone())
					}
					if !token.IsZero() && standing(t, store, token) != "accepted" {
						t.Errorf("the other's token is %s", standing(t, store, token))
					}
					if standing(t, store, old) == "accepted" {
						t.Error("the ended token works again")
					}
				})
			})
		}
	}
}

// A joined session keeps all tokens that work, and is a whole lifetime's.
func TestAJoinEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: time.Minute}
		old := storedWith(t, store, policy, state{Notes: []string{"cart"}})
		first := mustWith(t, store, policy, old, logIn("ada"))
		rotated := must(t, store, first, remember(true))
		must(t, store, rotated, count)
		renewals := record(t, store, old.ID()).Secrets.Renewals()
		time.Sleep(10 * time.Second)
		second := must(t, store, old, logIn("ada"))
		third := must(t, store, old, logIn("ada"))
		for i, token := range []session.Token{first, rotated, second, third} {
			if got := standing(t, store, token); got != "accepted" {
				t.Errorf("token %d is %s", i, got)
			}
		}
		rec := record(t, store, old.ID())
		if rec.Secrets.Renewals() != renewals || !rec.LoggedIn.Equal(time.Now().UTC()) || time.Until(rec.Deadline) != session.DefaultRememberLifetime {
			t.Errorf("%d renewals, want %d; logged in %v, deadline %v", rec.Secrets.Renewals(), renewals, rec.LoggedIn, rec.Deadline)
		}
		for range 2 { // equals do not end each other by use
			must(t, store, second, count)
			must(t, store, third, count)
		}
		time.Sleep(time.Minute)
		for i, token := range []session.Token{second, third} {
			if got := standing(t, store, token); got != "accepted" {
				t.Errorf("after use, equal %d is %s", i, got)
			}
		}
	})
}

// A join that settles: the request's secret was current when it was loaded, and was ended
// since. So it must not end the former ones of the session that it joins.
func TestAJoinOfARequestThatBeganWithACurrentTokenSettlesNothing(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Notes: []string{"cart"}})
	s := load(t, store, old)
	first := must(t, store, old, logIn("ada"))
	must(t, store, first, remember(true)) // first is open now
	logIn("ada")(s)
	commit(t, s)
	if got := record(t, store, old.ID()).Secrets.String(); got != "current, current, open, ended" {
		t.Errorf("the secrets are %s", got)
	}
}

// The reply to a join is lost.
func TestALostReplyOfAJoin(t *testing.T) {
	for name, applied := range map[string]bool{"applied": true, "not applied": false} {
		for amid, other := range map[string]request{"alone": nil, "and another change": count} {
			t.Run(name+", "+amid, func(t *testing.T) {
				store := newProbe()
				old := stored(t, store, state{Count: 1})
				s := load(t, store, old)
				token := must(t, store, old, logIn("ada"))
				both(note("once"), logIn("ada"))(s)
				store.failAt("Save", 2, applied) // the first one meets a conflict
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || hooks.Of(s).News() != hooks.NoNews {
					t.Fatalf("got %v, news %v", err, hooks.Of(s).News())
				}
				store.before, store.after = nil, nil
				if other != nil {
					must(t, store, token, other)
				}
				commit(t, s)
				v := value(t, store, tokenOf(s))
				if s.ID() != old.ID() || live(t, store) != 1 || len(v.Notes) != 1 || hooks.Of(s).News() != hooks.NewToken {
					t.Errorf("joined: %v; %d sessions; %+v", s.ID() == old.ID(), live(t, store), v)
				}
			})
		}
	}
}

// The session that a log-in was to join is ended, or changed, before the log-in is saved.
func TestAJoinThatAnotherRequestOvertakes(t *testing.T) {
	for name, test := range map[string]struct {
		meets func(*probe, session.Token)
		joins bool
	}{
		"a log-out":         {func(p *probe, token session.Token) { p.Delete(context.Background(), token.ID(), 0) }, false},
		"another's log-in":  {func(p *probe, token session.Token) { must(t, &probe{Store: p.Store}, token, logIn("eve")) }, false},
		"the same's log-in": {func(p *probe, token session.Token) { must(t, &probe{Store: p.Store}, token, logIn("ada")) }, true},
		"a change":          {func(p *probe, token session.Token) { must(t, &probe{Store: p.Store}, token, count) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			token := must(t, store, old, logIn("ada"))
			logIn("ada")(s)
			store.before = at("Save", 2, func() error { test.meets(store, token); return nil })
			commit(t, s)
			if joined := tokenOf(s).ID() == old.ID(); joined != test.joins || s.Value().User != "ada" || standing(t, store, tokenOf(s)) != "accepted" {
				t.Errorf("joined: %v, want %v; %+v", joined, test.joins, s.Value())
			}
			if calls := len(store.ops); calls > 12 {
				t.Errorf("it took %d calls of the store", calls)
			}
		})
	}
}

// A log-in that was to join a session, and failed, gives no right to end it.
func TestDestroyAfterAFailedJoinIsRefused(t *testing.T) {
	for name, err := range map[string]error{"too large": session.ErrTooLarge, "down": errDown} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			token := must(t, store, old, logIn("ada"))
			s := load(t, store, old)
			logIn("ada")(s)
			store.always("Save", err)
			if s.Commit(t.Context()) == nil {
				t.Fatal("the log-in was saved")
			}
			store.before = nil
			s.Destroy()
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || standing(t, store, token) != "accepted" {
				t.Errorf("got %v; the other's token is %s", err, standing(t, store, token))
			}
		})
	}
}

// An edit of a log-in runs on the record that it goes on with, so an owner that depends
// on the value may turn out to be another.
func TestALogInWhoseOwnerDependsOnTheValue(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	must(t, store, old, logIn("ada"), func(s *session.Session[state]) { s.Update(func(v *state) { v.Count = 5 }) })
	s.LogIn(func(v *state) {
		if v.User = "ada"; v.Count == 5 {
			v.User = "eve"
		}
	})
	commit(t, s)
	if v := value(t, store, tokenOf(s)); tokenOf(s).ID() == old.ID() || v.User != "ada" || v.Count != 0 || record(t, store, old.ID()).Owner != "ada" {
		t.Errorf("joined: %v; %+v", tokenOf(s).ID() == old.ID(), v)
	}
}

func TestALogInFindsAnUnreadableRecord(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	must(t, store, old, count)
	logIn("ada")(s)
	store.always("Load", &session.DecodeError{ID: old.ID(), Err: errDown})
	commit(t, s)
	if tokenOf(s).ID() == old.ID() || s.Value().User != "ada" {
		t.Error("it does not begin anew")
	}
}

// A log-in goes on if the store finds again what it had lost.
func TestALogInOfASessionThatIsBack(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{User: "ada"}))
	s.Update(increment)
	store.once("Save", func() error { return session.ErrNotFound })
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
		t.Errorf("got %v", err)
	}
	logIn("ada")(s)
	commit(t, s)
	if v := s.Value(); v.Count != 1 || live(t, store) != 1 {
		t.Errorf("%+v; %d sessions", v, live(t, store))
	}
}
