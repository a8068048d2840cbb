package session_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// often rotates a token after ten minutes.
const often = 10 * time.Minute

// Each row is one request, so long after the token's renewal.
func TestRotation(t *testing.T) {
	rotating := &session.Policy{RotateEvery: often}
	late := func(s *session.Session[state]) { hooks.Of(s).Detach(context.Background()) }
	for name, test := range map[string]struct {
		policy  *session.Policy
		start   state
		after   time.Duration
		act     request
		rotates bool
		calls   string
	}{
		"a read, when it is due":     {rotating, state{User: "ada"}, often, read, true, "Load Save"},
		"a change, when it is due":   {rotating, state{User: "ada"}, often, count, true, "Load Save"},
		"a read, a moment before":    {rotating, state{User: "ada"}, often - time.Millisecond, read, false, "Load Touch"},
		"a read of a visitor":        {rotating, state{Count: 1}, often, read, false, "Load Touch"},
		"a change of a visitor":      {rotating, state{Count: 1}, often, count, false, "Load Save"},
		"a read without the option":  {nil, state{User: "ada"}, often, read, false, "Load Touch"},
		"a read after the header":    {rotating, state{User: "ada"}, often, both(late, read), false, "Load Touch"},
		"a change after the header":  {rotating, state{User: "ada"}, often, both(late, count), false, "Load Save"},
		"a log-out, when it is due":  {rotating, state{User: "ada"}, often, logOut, false, "Load Delete"},
		"a change of no consequence": {rotating, state{User: "ada"}, often, func(s *session.Session[state]) { s.Update(func(*state) {}) }, true, "Load Save"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				old := storedWith(t, store, test.policy, test.start)
				before := record(t, store, old.ID())
				time.Sleep(test.after)
				store.calls()
				s, err := visitWith(t, store, test.policy, old, test.act)
				if err != nil {
					t.Fatal(err)
				}
				if got := store.calls(); got != test.calls {
					t.Errorf("calls %q, want %q", got, test.calls)
				}
				token := tokenOf(s)
				if token.IsZero() {
					return // logged out
				}
				if rotated := !token.Equal(old); rotated != test.rotates || (hooks.Of(s).News() == hooks.NewToken) != rotated {
					t.Errorf("rotated: %v, news %v", rotated, hooks.Of(s).News())
				}
				after := record(t, store, old.ID())
				if test.rotates && (!after.Renewed.Equal(time.Now().UTC()) || !after.LoggedIn.Equal(before.LoggedIn) || !after.Deadline.Equal(before.Deadline) || after.Secrets.Renewals() != 0) {
					t.Errorf("renewed %v, logged in %v, deadline %v", after.Renewed, after.LoggedIn, after.Deadline)
				}
			})
		})
	}
}

// A server whose clock was wrong keeps no token from rotating for as long.
func TestRotationUnderClockSkew(t *testing.T) {
	for ahead, rotates := range map[time.Duration]bool{time.Second: false, time.Minute: false, time.Hour: true, 24 * time.Hour: true} {
		t.Run(ahead.String()+" ahead", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, policy := newProbe(), &session.Policy{RotateEvery: often}
				token := session.NewToken(session.NewID())
				now := time.Now().UTC()
				at := now.Add(ahead)
				rec := session.Record[state]{ID: token.ID(), Secrets: session.NewSecrets(token), Owner: "ada", Value: state{User: "ada"},
					Created: at, Renewed: at, LoggedIn: at, Deadline: at.Add(day), Expires: now.Add(time.Hour)}
				if err := store.Store.Save(t.Context(), &rec); err != nil {
					t.Fatal(err)
				}
				next := mustWith(t, store, policy, token, read)
				if rotated := !next.Equal(token); rotated != rotates {
					t.Errorf("rotated: %v", rotated)
				}
				time.Sleep(time.Minute)
				if !mustWith(t, store, policy, next, read).Equal(next) {
					t.Error("it rotates again")
				}
			})
		})
	}
}

// A request that rotates and commits again settles nothing: its response may be lost, and
// then the client goes on with its former token.
func TestARequestDoesNotSettleByItsOwnToken(t *testing.T) {
	for name, act := range map[string]request{"a rotation": read, "remembering": remember(true)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, policy := newProbe(), &session.Policy{RotateEvery: often}
				old := storedWith(t, store, policy, state{User: "ada"})
				time.Sleep(often)
				mustWith(t, store, policy, old, act, commitNow, count, commitNow, read)
				if got := record(t, store, old.ID()).Secrets.String(); got != "current, open" {
					t.Errorf("the secrets are %s", got)
				}
			})
		})
	}
}

// Only one of several requests rotates, and all of them work.
func TestRotationBesideSiblings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: often}
		old := storedWith(t, store, policy, state{User: "ada"})
		time.Sleep(often)
		acts := []request{read, count, note("a"), remember(true), read}
		var siblings []*session.Session[state]
		for _, act := range acts {
			s := loadWith(t, store, policy, old)
			act(s)
			siblings = append(siblings, s)
		}
		told := 0
		for i, s := range siblings {
			if err := s.Commit(t.Context()); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
			if hooks.Of(s).News() == hooks.NewToken {
				told++
			}
			if got := standing(t, store, tokenOf(s)); got != "accepted" {
				t.Errorf("the token of request %d is %s", i, got)
			}
		}
		if v := value(t, store, old); told != 2 || v.Count != 1 || len(v.Notes) != 1 { // a rotation and remembering
			t.Errorf("%d got a token; %+v", told, v)
		}
	})
}

// A token that is about to end does not rotate: a thief's would live on by it.
func TestAnEndingTokenDoesNotRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: often}
		old := storedWith(t, store, policy, state{User: "ada"})
		time.Sleep(often)
		token := mustWith(t, store, policy, old, read)
		time.Sleep(often - time.Second)
		mustWith(t, store, policy, token, read) // settles, a moment before the next rotation
		time.Sleep(2 * time.Second)
		for _, act := range []request{read, count} {
			if got := mustWith(t, store, policy, old, act); !got.Equal(old) {
				t.Error("it rotates")
			}
		}
		if got := mustWith(t, store, policy, token, read); got.Equal(token) {
			t.Error("the current one does not")
		}
	})
}

// A client that never takes a new token works on, and so does the list of secrets: no
// token that is good for something is dropped.
func TestAClientThatTakesNoNewToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: often}
		old := storedWith(t, store, policy, state{User: "ada"})
		for range 20 {
			time.Sleep(often)
			mustWith(t, store, policy, old, count)
		}
		if got := record(t, store, old.ID()).Secrets.String(); got != "current, open, open, open, open" {
			t.Errorf("the secrets are %s", got)
		}
		if got := value(t, store, old).Count; got != 20 {
			t.Errorf("the count is %d", got)
		}
	})
}

// A failed rotation costs the request nothing, and is not tried again at once.
func TestARotationThatFails(t *testing.T) {
	for name, applied := range map[string]bool{"applied": true, "not applied": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, policy := newProbe(), &session.Policy{RotateEvery: often}
				old := storedWith(t, store, policy, state{User: "ada"})
				time.Sleep(often)
				s := loadWith(t, store, policy, old)
				store.fail("Save", applied)
				store.calls()
				commit(t, s)
				commit(t, s)
				if got := store.calls(); got != "Save" || !tokenOf(s).Equal(old) || hooks.Of(s).News() != hooks.NoNews {
					t.Errorf("calls %q, news %v", got, hooks.Of(s).News())
				}
				s.Update(increment)
				commit(t, s)
				if value(t, store, old).Count != 1 {
					t.Error("a change after it is lost")
				}
				time.Sleep(often)
				if token := mustWith(t, store, policy, old, read); token.Equal(old) {
					t.Error("it does not rotate later")
				}
			})
		})
	}
}

// A thief and the visitor both use the session. The one who is left behind is reported,
// within two rotations of the other.
func TestAStolenTokenIsFoundOut(t *testing.T) {
	for name, thiefFirst := range map[string]bool{"the thief rotates first": true, "the visitor rotates first": false} {
		for ends, endOnReuse := range map[string]bool{"and the session ends": true, "and the session goes on": false} {
			t.Run(name+", "+ends, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					var kinds []session.EventKind
					policy := &session.Policy{RotateEvery: often, EndOnReuse: endOnReuse, Lifetime: 100 * day, Observe: func(_ context.Context, e session.Event) {
						if e.Kind == session.EventReused || e.Kind == session.EventRevoked {
							kinds = append(kinds, e.Kind)
						}
					}}
					stolen := storedWith(t, store, policy, state{User: "ada"})
					tokens := [2]session.Token{stolen, stolen}
					first := 0
					if thiefFirst {
						first = 1
					}
					for round := 0; round < 4 && len(kinds) == 0; round++ {
						time.Sleep(often)
						for _, who := range []int{first, 1 - first} {
							tokens[who] = mustWith(t, store, policy, tokens[who], read)
						}
					}
					want := []session.EventKind{session.EventReused}
					if endOnReuse {
						want = append(want, session.EventRevoked)
					}
					if !slices.Equal(kinds, want) || (live(t, store) == 0) != endOnReuse {
						t.Errorf("events %v; %d sessions", kinds, live(t, store))
					}
				})
			})
		}
	}
}

// An ended token is only reported: else whoever planted one could log the visitor out.
func TestReuse(t *testing.T) {
	for name, test := range map[string]struct {
		former request // makes the presented token a former one
		event  session.EventKind
		ends   bool
	}{
		"of a token that a log-in ended":   {logIn("ada"), session.EventReused, false},
		"of a token that a renewal ended":  {renew, session.EventReused, false},
		"of a token that a soft one ended": {remember(true), session.EventReused, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				var kinds []session.EventKind
				policy := &session.Policy{EndOnReuse: true, Observe: func(_ context.Context, e session.Event) { kinds = append(kinds, e.Kind) }}
				old := storedWith(t, store, policy, state{User: "bob"})
				token := mustWith(t, store, policy, old, test.former)
				mustWith(t, store, policy, token, read) // settles
				time.Sleep(grace)
				kinds = nil
				s := loadWith(t, store, policy, old)
				if !s.IsNew() || s.Gone() || len(kinds) == 0 || kinds[0] != test.event {
					t.Errorf("new: %v; events %v", s.IsNew(), kinds)
				}
				if ended := live(t, store) == 0; ended != test.ends {
					t.Errorf("the session has ended: %v", ended)
				}
			})
		})
	}
	t.Run("of an invented secret is none", func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{EndOnReuse: true, Observe: func(_ context.Context, e session.Event) {
			if e.Kind == session.EventReused {
				t.Error("it is reported")
			}
		}}
		token := stored(t, store, state{User: "ada"})
		loadWith(t, store, policy, session.NewToken(token.ID()))
		if live(t, store) != 1 {
			t.Error("whoever knows an ID can log its visitor out")
		}
	})
}

// A log-in's new token ends what a thief has, whatever he rotated before.
func TestALogInEndsRotatedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, policy := newProbe(), &session.Policy{RotateEvery: often}
		token := storedWith(t, store, policy, state{User: "ada"})
		tokens := []session.Token{token}
		for range 3 {
			time.Sleep(often)
			token = mustWith(t, store, policy, token, read)
			tokens = append(tokens, token)
		}
		mustWith(t, store, policy, token, logIn("ada"))
		for i, token := range tokens {
			if got := standing(t, store, token); got == "accepted" {
				t.Errorf("token %d is %s", i, got)
			}
		}
	})
}
