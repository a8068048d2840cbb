package session_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{User: "ada", Count: 1})
		s := load(t, store, old)
		before := record(t, store, old.ID())
		time.Sleep(10 * time.Minute)
		both(count, renew)(s)
		store.calls()
		commit(t, s)
		if got := store.calls(); got != "Save" {
			t.Errorf("calls %q", got)
		}
		after := record(t, store, old.ID())
		if after.Renewed.Equal(before.Renewed) || after.Secrets.Renewals() != before.Secrets.Renewals()+1 {
			t.Errorf("renewed %v, %d times", after.Renewed, after.Secrets.Renewals())
		}
		want := before
		want.Value.Count, want.Renewed, want.Expires = 2, after.Renewed, after.Expires
		want.Revision, want.Secrets = after.Revision, after.Secrets
		if diff := cmp.Diff(want, after, cmp.AllowUnexported(session.Secrets{})); diff != "" {
			t.Errorf("it changes more than the token: %s", diff)
		}
		if got := standing(t, store, old); got != "gone" || standing(t, store, tokenOf(s)) != "accepted" {
			t.Errorf("the old token is %s", got)
		}
	})
}

// A request in flight by an ended token finds it gone; a later one is a stranger.
func TestAnEndedTokenIsRecognisedForTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{Count: 1})
		must(t, store, old, renew)
		time.Sleep(grace - time.Millisecond)
		s, err := visit(t, store, old, read)
		if _, ok := s.Token(); err != nil || !s.Gone() || ok || s.Value().Count != 0 || hooks.Of(s).News() != hooks.NoNews {
			t.Errorf("a read: %v, gone %v, with a token %v, value %+v", err, s.Gone(), ok, s.Value())
		}
		if _, err := visit(t, store, old, count); !errors.Is(err, session.ErrGone) {
			t.Errorf("a change: %v", err)
		}
		time.Sleep(time.Millisecond)
		s, err = visit(t, store, old, count)
		if err != nil || s.Gone() || s.ID() == old.ID() {
			t.Errorf("later: %v, gone %v, adopted %v", err, s.Gone(), s.ID() == old.ID())
		}
	})
}

// Remember and a later deadline renew softly, since the client needs another cookie: the
// former token works until the new one is used, and for the grace after that.
func TestASoftRenewal(t *testing.T) {
	for name, change := range map[string]request{
		"Remember":         remember(false),
		"a later deadline": endIn(30 * day),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				old := storedWith(t, store, &session.Policy{Remember: session.Remember{All: true}}, state{User: "ada", Count: 1})
				logged := record(t, store, old.ID()).LoggedIn
				sibling := load(t, store, old)
				time.Sleep(10 * time.Minute)
				s, err := visit(t, store, old, change)
				if err != nil {
					t.Fatal(err)
				}
				token := tokenOf(s)
				if token.Equal(old) || s.ID() != old.ID() || hooks.Of(s).News() != hooks.NewToken || !s.LoggedIn().Equal(logged) || s.Value().Count != 1 {
					t.Errorf("another token: %v; news %v; logged in %v", !token.Equal(old), hooks.Of(s).News(), s.LoggedIn())
				}
				sibling.Update(increment) // in flight
				commit(t, sibling)
				time.Sleep(50 * time.Minute)
				must(t, store, old, count) // the new cookie may not have arrived
				must(t, store, token, read)
				time.Sleep(grace - time.Millisecond)
				must(t, store, old, count) // and this one was sent before it did
				if got := standing(t, store, old); got != "accepted" {
					t.Errorf("within the grace, the former token is %s", got)
				}
				late := load(t, store, old)
				time.Sleep(time.Millisecond)
				if got := standing(t, store, old); got != "unknown" {
					t.Errorf("after the grace, the former token is %s", got)
				}
				must(t, store, token, count)
				late.Update(increment) // its arrival counts, also after a conflict
				commit(t, late)
				if got := value(t, store, token).Count; got != 6 {
					t.Errorf("the count is %d", got)
				}
			})
		})
	}
}

// A cookie that has no Max-Age does not change with the deadline.
func TestALaterDeadlineOfAnOrdinarySessionKeepsTheToken(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	before := tokenOf(s)
	hooks.Of(s).Detach(t.Context())
	s.SetDeadline(time.Now().Add(100 * time.Hour).Add(123))
	commit(t, s)
	if !tokenOf(s).Equal(before) || s.Deadline().Nanosecond()%1e6 != 0 {
		t.Errorf("renewed %v, deadline %v", !tokenOf(s).Equal(before), s.Deadline())
	}
}

// The use of a current token settles the former ones, in one write.
func TestReadingSettlesFormerTokensOnce(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	token := must(t, store, old, remember(true))
	for _, step := range []struct {
		token session.Token
		act   request
		calls string
		list  string
	}{
		{old, read, "Load", "current, open"},
		{old, count, "Load Save", "current, open"},
		{token, read, "Load Save", "current, ending"},
		{token, read, "Load", "current, ending"},
		{old, count, "Load Save", "current, ending"},
		{token, count, "Load Save", "current, ending"},
	} {
		store.calls()
		must(t, store, step.token, step.act)
		if got, list := store.calls(), record(t, store, old.ID()).Secrets.String(); got != step.calls || list != step.list {
			t.Errorf("calls %q, want %q; the secrets are %s, want %s", got, step.calls, list, step.list)
		}
	}
}

// A response may not carry a token that another one has made a former one since.
func TestATokenThatIsNoLongerCurrentIsNotSent(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Remember(true)
	commit(t, s)
	if hooks.Of(s).News() != hooks.NewToken {
		t.Fatal("the client is not told")
	}
	must(t, store, tokenOf(s), remember(false))
	s.Update(increment)
	commit(t, s)
	if got := hooks.Of(s).News(); got != hooks.NoNews {
		t.Errorf("news %v: the cookie would overwrite its successor", got)
	}
}

// A renewal counts as one to those who watch a session's connections, a soft one does not.
func TestRenewalsCountsHardOnes(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	for _, step := range []struct {
		act  request
		want uint32
	}{{read, 0}, {count, 0}, {remember(true), 0}, {renew, 1}, {remember(false), 1}, {logIn("ada"), 2}, {logIn("ada"), 3}, {become("bob"), 4}, {become(""), 5}} {
		s, err := visit(t, store, token, step.act)
		if got := hooks.Of(s).Renewals(); err != nil || got != step.want {
			t.Errorf("%v: %d renewals, want %d", err, got, step.want)
		}
		token = tokenOf(s)
	}
}

// Each row renews while another request ends the session.
func TestARenewalBesideAnEnd(t *testing.T) {
	for name, end := range map[string]request{"destroyed": logOut, "renewed": renew, "logged in": logIn("ada")} {
		for how, self := range map[string]request{"renews": renew, "changes the owner": become("bob"), "remembers": remember(true)} {
			t.Run(name+", and it "+how, func(t *testing.T) {
				store := newProbe()
				old := stored(t, store, state{Count: 1})
				s := load(t, store, old)
				token := must(t, store, old, end)
				self(s)
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
					t.Errorf("got %v", err)
				}
				if _, ok := s.Token(); ok || hooks.Of(s).News() != hooks.NoNews {
					t.Error("a token was handed out")
				}
				if name != "destroyed" && standing(t, store, token) != "accepted" {
					t.Errorf("the other's token is %s", standing(t, store, token))
				}
			})
		}
	}
}
