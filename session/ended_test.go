package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// keeping keeps notes of ended sessions for a day.
func keeping() *session.Policy { return &session.Policy{KeepEnded: day} }

// reasonFor returns what the visitor with a token is told.
func reasonFor(t testing.TB, store session.Store[state], p *session.Policy, token session.Token) session.Ending {
	t.Helper()
	e, err := loadWith(t, store, p, token).Ended(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func endBy(why session.Reason) func(t *testing.T, store *probe, p *session.Policy, token session.Token) {
	return func(t *testing.T, store *probe, p *session.Policy, token session.Token) {
		if _, err := session.EndIf(t.Context(), store, p, token.ID(), why, func(*session.Record[state]) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
}

func during(acts ...request) func(t *testing.T, store *probe, p *session.Policy, token session.Token) {
	return func(t *testing.T, store *probe, p *session.Policy, token session.Token) {
		mustWith(t, store, p, token, acts...)
	}
}

// Each row is the way in which ada's session ends, or the token of it, and what she is
// told a minute later.
func TestEnded(t *testing.T) {
	long := strings.Repeat("ä", 40)
	for name, test := range map[string]struct {
		end    func(t *testing.T, store *probe, p *session.Policy, token session.Token)
		reason session.Reason
		timed  bool
	}{
		"not at all":          {during(count), "", false},
		"another's rotation":  {during(remember(true)), "", false},
		"by its owner":        {endBy(session.ReasonRevoked), session.ReasonRevoked, true},
		"by an operator":      {endBy(session.ReasonOperator), session.ReasonOperator, true},
		"for another reason":  {endBy("password_changed"), "password_changed", true},
		"for a long reason":   {endBy(session.Reason("x" + long)), session.Reason("x" + long[:62]), true},
		"by a log-out":        {during(logOut), session.ReasonLoggedOut, true},
		"by a deadline":       {during(endIn(-time.Hour)), session.ReasonDeadline, true},
		"by a renewal":        {during(renew), session.ReasonRenewed, true},
		"by another's log-in": {during(logIn("bob")), session.ReasonRenewed, true},
		"by too many log-ins": {func(t *testing.T, store *probe, p *session.Policy, _ session.Token) {
			one := *p
			one.MaxPerOwner = 1
			s := session.New(store, &one)
			time.Sleep(time.Second)
			logIn("ada")(s)
			commit(t, s)
		}, session.ReasonMaxPerOwner, true},
		"by time": {func(*testing.T, *probe, *session.Policy, session.Token) { time.Sleep(time.Hour) }, session.ReasonExpired, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, p := newProbe(), keeping()
				token := storedWith(t, store, p, state{User: "ada", Count: 1})
				test.end(t, store, p, token)
				at := time.Now()
				time.Sleep(time.Minute)
				got := reasonFor(t, store, p, token)
				if got.Reason != test.reason || got.At.IsZero() == test.timed || test.timed && !got.At.Equal(at) {
					t.Errorf("told %q at %v, want %q at %v", got.Reason, got.At, test.reason, at)
				}
				if got := reasonFor(t, store, new(session.Policy), token); got != (session.Ending{}) {
					t.Errorf("told %v without KeepEnded", got)
				}
			})
		})
	}
}

func TestAReusedTokenIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), keeping()
		p.RotateEvery, p.EndOnReuse = time.Minute, true
		old := storedWith(t, store, p, state{User: "ada"})
		time.Sleep(2 * time.Minute)
		present := mustWith(t, store, p, old, read)
		mustWith(t, store, p, present, read) // settles
		time.Sleep(time.Minute)
		for _, token := range []session.Token{old, present} { // the first one ends the session
			if got := reasonFor(t, store, p, token); got.Reason != session.ReasonReused {
				t.Errorf("with the token %v: %q", token.ID(), got.Reason)
			}
		}
	})
}

// Whoever has no token that gave access until the end learns nothing of the session.
func TestOnlyTheVisitorIsToldWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), keeping()
		planted := storedWith(t, store, p, state{Count: 1})
		token := mustWith(t, store, p, planted, logIn("ada"))
		lives := storedWith(t, store, p, state{User: "ada"})
		endBy("fraud")(t, store, p, token)
		if got := reasonFor(t, store, p, token); got.Reason != "fraud" {
			t.Errorf("the visitor is told %v", got)
		}
		expired := session.Ending{Reason: session.ReasonExpired}
		for name, id := range map[string]session.ID{"ended": token.ID(), "live": lives.ID(), "invented": session.NewID()} {
			if got := reasonFor(t, store, p, session.NewToken(id)); got != expired {
				t.Errorf("with the ID of a session that is %s: %v", name, got)
			}
		}
		if got := reasonFor(t, store, p, planted); got != expired {
			t.Errorf("whoever planted the token is told %v", got)
		}
		if got := reasonFor(t, store, p, session.Token{}); got != (session.Ending{}) {
			t.Errorf("without a token: %v", got)
		}
	})
}

// A note ends with its time, and is no session in the meantime.
func TestANoteIsNotASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), keeping()
		token := storedWith(t, store, p, state{User: "ada", Notes: []string{"private"}})
		endBy(session.ReasonRevoked)(t, store, p, token)
		if _, err := store.Store.Load(t.Context(), token.ID()); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the session's ID: %v", err)
		}
		var notes []session.Record[state]
		for rec, err := range store.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			notes = append(notes, rec)
		}
		if len(notes) != 1 || !notes[0].IsNote() || notes[0].Owner != "" || notes[0].Value.User != "" || notes[0].Value.Notes != nil {
			t.Fatalf("the store has %+v", notes)
		}
		for range store.ByOwner(t.Context(), "ada") {
			t.Error("ada has a session")
		}
		secret := token.Reveal()[len(token.ID().String()):]
		forged, err := session.ParseToken(notes[0].ID.String() + secret)
		if err != nil {
			t.Fatal(err)
		}
		if s := loadWith(t, store, p, forged); !s.IsNew() || s.Gone() {
			t.Error("the token of a note is worth something")
		}
		for name, acts := range map[string][]request{"a change": {count}, "a log-out": {logOut}} {
			if _, err := visitWith(t, store, p, forged, acts...); err != nil {
				t.Errorf("%s with the token of a note: %v", name, err)
			}
			if rec := record(t, store, notes[0].ID); rec.Revision != notes[0].Revision {
				t.Errorf("%s has changed the note", name)
			}
		}
		if _, err := session.EndIf(t.Context(), store, p, notes[0].ID, "", func(*session.Record[state]) bool { return true }); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("EndIf of a note: %v", err)
		}
		time.Sleep(day - time.Millisecond)
		if got := reasonFor(t, store, p, token); got.Reason != session.ReasonRevoked {
			t.Errorf("a moment before the note's end: %v", got)
		}
		time.Sleep(time.Millisecond)
		if got := reasonFor(t, store, p, token); got.Reason != session.ReasonExpired {
			t.Errorf("at the note's end: %v", got)
		}
	})
}

// A request that was under way when its session ended is told why by the session that
// it has.
func TestEndedDuringTheRequest(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(t *testing.T, store *probe, p *session.Policy, token session.Token)
		reason session.Reason
	}{
		"a revocation": {endBy(session.ReasonRevoked), session.ReasonRevoked},
		"a log-out":    {during(logOut), session.ReasonLoggedOut},
		"a log-in":     {during(logIn("ada")), session.ReasonRenewed},
		"a change":     {during(count), ""},
	} {
		t.Run(name, func(t *testing.T) {
			store, p := newProbe(), keeping()
			token := storedWith(t, store, p, state{User: "ada"})
			s := loadWith(t, store, p, token)
			test.end(t, store, p, token)
			s.Update(increment)
			if err := s.Commit(t.Context()); (err != nil) != (test.reason != "") || err != nil && !errors.Is(err, session.ErrGone) {
				t.Errorf("commit: %v", err)
			}
			if e, err := s.Ended(t.Context()); e.Reason != test.reason || err != nil {
				t.Errorf("told %v, %v", e, err)
			}
		})
	}
}

// Keeping a note is an end's second write, which changes nothing for the end if it
// fails. Without KeepEnded there is none.
func TestWritesOfAnEnd(t *testing.T) {
	for name, test := range map[string]struct {
		keep  time.Duration
		fails bool
		calls string
		told  session.Reason
	}{
		"kept":       {day, false, "Delete Save", session.ReasonLoggedOut},
		"not kept":   {0, false, "Delete", ""},
		"that fails": {day, true, "Delete Save", session.ReasonExpired},
	} {
		t.Run(name, func(t *testing.T) {
			store, p := newProbe(), &session.Policy{KeepEnded: test.keep}
			token := storedWith(t, store, p, state{User: "ada"})
			s := loadWith(t, store, p, token)
			store.calls()
			if test.fails {
				store.always("Save", errDown)
			}
			s.Destroy()
			commit(t, s)
			if got := store.calls(); got != test.calls {
				t.Errorf("calls %q, want %q", got, test.calls)
			}
			if got := reasonFor(t, store, p, token); got.Reason != test.told {
				t.Errorf("told %v", got)
			}
		})
	}
}

func TestEndedWithoutTheStore(t *testing.T) {
	store, p := newProbe(), keeping()
	token := storedWith(t, store, p, state{User: "ada"})
	endBy(session.ReasonRevoked)(t, store, p, token)
	s := loadWith(t, store, p, token)
	for n := range 2 {
		store.failAt("Load", n+1, false)
		if e, err := s.Ended(t.Context()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errDown) || e != (session.Ending{}) {
			t.Errorf("load %d fails: %v, %v", n, e, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Ended(ctx); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("with a context that is done: %v", err)
	}
}

// That nothing is left of a session is an event, as often as a page asks.
func TestEndedReportsWhatHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newProbe(), keeping()
		token := storedWith(t, store, p, state{User: "ada"})
		time.Sleep(time.Hour)
		var got []session.Event
		p.Observe = func(_ context.Context, e session.Event) { got = append(got, e) }
		reasonFor(t, store, p, token)
		if len(got) != 1 || got[0].Kind != session.EventExpired || got[0].ID != token.ID() || got[0].Reason != session.ReasonExpired || got[0].Ends() {
			t.Errorf("events %v", got)
		}
	})
}

// Events of ends have the reason.
func TestEventsHaveTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		store, p := newProbe(), &session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) {
			if e.Reason != "" {
				got = append(got, string(e.Kind)+" "+string(e.Reason))
			}
		}}
		for range 2 {
			s := session.New(store, p)
			logIn("ada")(s)
			commit(t, s)
			time.Sleep(time.Second)
			if got != nil {
				s.Destroy()
				commit(t, s)
			}
		}
		if want := []string{"revoked max_per_owner", "destroyed logged_out"}; !slices.Equal(got, want) {
			t.Errorf("reasons %q, want %q", got, want)
		}
	})
}
