package session_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestMaxPerOwner(t *testing.T) {
	for name, enter := range map[string]request{"by LogIn": logIn("ada"), "by the owner": become("ada")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, policy := newProbe(), &session.Policy{MaxPerOwner: 3}
				var tokens []session.Token
				for range 5 {
					s := session.New(store, policy)
					enter(s)
					commit(t, s)
					tokens = append(tokens, tokenOf(s))
					time.Sleep(time.Second)
				}
				mustWith(t, store, policy, tokens[2], logIn("ada")) // is not one more, and the newest
				visitor := session.New(store, policy)
				visitor.Update(increment)
				commit(t, visitor)
				mustWith(t, store, policy, tokenOf(visitor), enter)
				var got []session.ID
				for rec := range store.ByOwner(t.Context(), "ada") {
					got = append(got, rec.ID)
				}
				for _, want := range []session.Token{tokens[2], tokens[4], tokenOf(visitor)} {
					if !slices.Contains(got, want.ID()) {
						t.Errorf("%v is not among %v", want.ID(), got)
					}
				}
				if len(got) != 3 {
					t.Errorf("%d sessions", len(got))
				}
			})
		})
	}
}

func TestMaxPerOwnerHoldsUnderParallelLogIns(t *testing.T) {
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			store, policy := newProbe(), &session.Policy{MaxPerOwner: most}
			done := make(chan error)
			for range 100 {
				go func() {
					s := session.New(store, policy)
					logIn("ada")(s)
					done <- s.Commit(t.Context())
				}()
			}
			for range 100 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if got := live(t, store); got > most || got == 0 {
				t.Errorf("%d sessions", got)
			}
		})
	}
}

// One node's clock is wrong. Neither its log-ins nor those of other nodes seem to lie in
// the future by more than clocks may differ, and nobody ends the session just made.
func TestMaxPerOwnerUnderClockSkew(t *testing.T) {
	for _, ahead := range []time.Duration{time.Second, 50 * time.Second, 10 * time.Minute, 24 * time.Hour, 10000 * time.Hour} {
		for _, most := range []int{1, 2} {
			t.Run(fmt.Sprint(ahead, " ahead, of ", most), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store, policy := newProbe(), &session.Policy{MaxPerOwner: most}
					wrong := session.NewToken(session.NewID())
					at := time.Now().Add(ahead).UTC()
					rec := session.Record[state]{ID: wrong.ID(), Secrets: session.NewSecrets(wrong), Owner: "ada", Value: state{User: "ada"},
						Created: at, Renewed: at, LoggedIn: at, Deadline: at.Add(day), Expires: at.Add(day)}
					if err := store.Store.Save(t.Context(), &rec); err != nil {
						t.Fatal(err)
					}
					for i := range 20 {
						s := session.New(store, policy)
						logIn("ada")(s)
						commit(t, s)
						if got := time.Until(s.LoggedIn()); got > time.Minute {
							t.Errorf("log-in %d is %v in the future", i, got)
						}
						if got := standing(t, store, tokenOf(s)); got != "accepted" {
							t.Errorf("the token of log-in %d is %s", i, got)
						}
						if got := live(t, store); got != min(most, i+2) {
							t.Errorf("%d sessions after log-in %d", got, i)
						}
						if i > 0 && ahead > time.Minute && standing(t, store, wrong) == "accepted" {
							t.Error("the session of the wrong clock stays for ever")
						}
						time.Sleep(time.Millisecond)
					}
				})
			})
		}
	}
}

// A session that came to another owner since it was listed is not ended.
func TestMaxPerOwnerEndsNobodyElsesSession(t *testing.T) {
	store, policy := newProbe(), &session.Policy{MaxPerOwner: 1}
	other := stored(t, store, state{User: "ada"})
	s := session.New(store, policy)
	logIn("ada")(s)
	store.once("Load", func() error { // of the other's record, before it is ended
		store.aside(func() { must(t, store, other, logIn("bob")) })
		return nil
	})
	store.before = at("Delete", 1, func() error {
		store.aside(func() { must(t, store, other, logIn("bob")) })
		return nil
	})
	commit(t, s)
	if got := record0(store, other); got.Owner != "bob" || live(t, store) != 2 {
		t.Errorf("%d sessions; the other is of %q", live(t, store), got.Owner)
	}
}

// A failingIndex cannot list.
type failingIndex struct{ *probe }

func (failingIndex) ByOwner(context.Context, string) iter.Seq2[session.Record[state], error] {
	return func(yield func(session.Record[state], error) bool) { yield(session.Record[state]{}, errDown) }
}

// A log-in that worked, and whose owner's other sessions could not be ended, is a commit
// that ended well.
func TestMaxPerOwnerThatFailsDoesNotUndoTheLogIn(t *testing.T) {
	undeleted := newProbe()
	undeleted.always("Delete", errDown)
	for name, store := range map[string]session.Store[state]{"ByOwner": &failingIndex{newProbe()}, "Delete": undeleted} {
		t.Run(name, func(t *testing.T) {
			login := func(policy *session.Policy) {
				s := session.New(store, policy)
				logIn("ada")(s)
				commit(t, s)
			}
			login(nil)
			var kinds, ends []session.EventKind
			login(&session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) {
				kinds = append(kinds, e.Kind)
				if e.Ends() {
					ends = append(ends, e.Kind)
				}
			}})
			if !slices.Equal(kinds, []session.EventKind{session.EventCreated, session.EventFailed}) || !slices.Equal(ends, kinds[:1]) {
				t.Errorf("events %v, of which %v end an operation", kinds, ends)
			}
		})
	}
}

// A log-in that is found stored after its reply was lost is one more, as any other.
func TestMaxPerOwnerAfterALostReply(t *testing.T) {
	for name, start := range map[string]func(*probe, *session.Policy) *session.Session[state]{
		"of a creation": func(p *probe, policy *session.Policy) *session.Session[state] { return session.New(p, policy) },
		"of a log-in": func(p *probe, policy *session.Policy) *session.Session[state] {
			return loadWith(t, p, policy, stored(t, p, state{Count: 1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			var kinds []session.EventKind
			policy := &session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) { kinds = append(kinds, e.Kind) }}
			stored(t, store, state{User: "ada"})
			s := start(store, policy)
			logIn("ada")(s)
			store.fail("Save", true)
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
				t.Fatal(err)
			}
			kinds = nil
			commit(t, s)
			want := session.EventCreated
			if name == "of a log-in" {
				want = session.EventRenewed
			}
			if n := live(t, store); n != 1 || !slices.Equal(kinds, []session.EventKind{want, session.EventRevoked}) {
				t.Errorf("%d sessions, events %v", n, kinds)
			}
		})
	}
}

// A session that has logged in before is not counted again, and nothing is listed for it.
func TestMaxPerOwnerIsAskedAtLogInsOnly(t *testing.T) {
	store := &failingIndex{newProbe()}
	token := stored(t, store, state{User: "ada"})
	policy := &session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) {
		if e.Kind == session.EventFailed {
			t.Errorf("the sessions of ada are listed: %v", e)
		}
	}}
	for name, act := range map[string]request{"a change": count, "a renewal": renew, "remembering": remember(true)} {
		t.Run(name, func(t *testing.T) { token = mustWith(t, store, policy, token, act) })
	}
}

// A panickingIndex panics when it is asked for an owner's sessions a second time, which
// is after a log-in was stored.
type panickingIndex struct {
	*probe
	calls int
}

func (p *panickingIndex) ByOwner(ctx context.Context, owner string) iter.Seq2[session.Record[state], error] {
	if p.calls++; p.calls == 2 {
		panic("index")
	}
	return p.probe.ByOwner(ctx, owner)
}

func TestAPanicAfterALogInWasStored(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := loadWith(t, &panickingIndex{probe: store}, &session.Policy{MaxPerOwner: 5}, old)
	logIn("ada")(s)
	if p := panics(func() { s.Commit(t.Context()) }); p != "index" {
		t.Errorf("panicked with %v", p)
	}
	s.Update(increment)
	commit(t, s)
	if v := value(t, store, tokenOf(s)); v.User != "ada" || v.Count != 2 || live(t, store) != 1 {
		t.Errorf("%+v, %d sessions", v, live(t, store))
	}
}

// EndIf ends a session as it is when its condition was asked.
func TestEndIf(t *testing.T) {
	for name, test := range map[string]struct {
		condition func(*session.Record[state]) bool
		prepare   func(t *testing.T, store *probe, token session.Token)
		err       error
		live      int
		asked     int
	}{
		"that holds":         {func(r *session.Record[state]) bool { return r.Owner == "ada" }, nil, nil, 0, 1},
		"that does not hold": {func(r *session.Record[state]) bool { return r.Owner == "bob" }, nil, session.ErrNotFound, 1, 1},
		"of an absent session": {func(r *session.Record[state]) bool { return true },
			func(t *testing.T, p *probe, token session.Token) { must(t, p, token, logOut) }, session.ErrNotFound, 0, 0},
		"that holds beside changes": {func(r *session.Record[state]) bool { return r.Owner == "ada" },
			func(t *testing.T, p *probe, token session.Token) { meanwhile(t, p, token, "Delete", 3, increment) }, nil, 0, 4},
		"that holds no longer": {func(r *session.Record[state]) bool { return r.Owner == "ada" },
			func(t *testing.T, p *probe, token session.Token) {
				meanwhile(t, p, token, "Delete", 1, func(v *state) { v.User = "bob" })
			}, session.ErrNotFound, 1, 2},
		"of a store that is down":     {func(r *session.Record[state]) bool { return true }, func(t *testing.T, p *probe, _ session.Token) { p.always("Load", errDown) }, session.ErrUnavailable, 1, 0},
		"of a store that fails":       {func(r *session.Record[state]) bool { return true }, func(t *testing.T, p *probe, _ session.Token) { p.always("Delete", errDown) }, session.ErrUnavailable, 1, 1},
		"of a store in endless haste": {func(r *session.Record[state]) bool { return true }, func(t *testing.T, p *probe, _ session.Token) { p.always("Delete", session.ErrConflict) }, session.ErrConflict, 1, 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				if test.prepare != nil {
					test.prepare(t, store, token)
				}
				asked := 0
				_, err := session.EndIf(t.Context(), store, new(session.Policy), token.ID(), session.ReasonRevoked, func(r *session.Record[state]) bool { asked++; return test.condition(r) })
				if !errors.Is(err, test.err) || err != nil && test.err == nil || live(t, store) != test.live || asked != test.asked {
					t.Errorf("%v; %d sessions; asked %d times", err, live(t, store), asked)
				}
			})
		})
	}
}
