package session_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each event names its operation, when that began and how long it took, by the time that
// the store takes.
func TestTimesOfEvents(t *testing.T) {
	takes := map[string]time.Duration{"Load": time.Second, "Save": 2 * time.Second, "Touch": 3 * time.Second, "Delete": 4 * time.Second}
	const loads, commits = session.OperationLoad, session.OperationCommit
	loaded := session.Event{Kind: session.EventLoaded, Operation: loads, Duration: time.Second}
	for _, tt := range []struct {
		name  string
		fails string
		act   request
		want  []session.Event // without what is not of times
	}{
		{"read", "", read, []session.Event{loaded}},
		{"save", "", count, []session.Event{loaded, {Kind: session.EventSaved, Operation: commits, Duration: 2 * time.Second}}},
		{"renewal", "", renew, []session.Event{loaded, {Kind: session.EventRenewed, Operation: commits, Duration: 2 * time.Second}}},
		{"touch", "", func(*session.Session[state]) { time.Sleep(30 * time.Minute) }, []session.Event{loaded,
			{Kind: session.EventTouched, Operation: commits, Duration: 3 * time.Second}}},
		{"destroy", "", logOut, []session.Event{loaded, {Kind: session.EventDestroyed, Operation: commits, Duration: 4 * time.Second}}},
		{"destroy, and a change", "", both(logOut, count), []session.Event{loaded,
			{Kind: session.EventDestroyed, Operation: commits, Duration: 4 * time.Second},
			{Kind: session.EventCreated, Operation: commits, Duration: 6 * time.Second}}},
		{"load fails", "Load", nil, []session.Event{{Kind: session.EventFailed, Operation: loads, Duration: time.Second}}},
		{"save fails", "Save", count, []session.Event{loaded, {Kind: session.EventFailed, Operation: commits, Duration: 2 * time.Second}}},
		{"end fails", "Delete", logOut, []session.Event{loaded, {Kind: session.EventFailed, Operation: commits, Duration: 4 * time.Second}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				store.before = func(op string) error {
					time.Sleep(takes[op])
					if op == tt.fails {
						return errDown
					}
					return nil
				}
				var got []session.Event
				policy := &session.Policy{SaveTimeout: time.Hour, Observe: func(_ context.Context, e session.Event) {
					got = append(got, session.Event{Kind: e.Kind, Operation: e.Operation, Duration: e.Duration})
				}}
				if s, err := session.Load(t.Context(), store, policy, token, time.Time{}); err == nil {
					tt.act(s)
					s.Commit(t.Context())
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got  %+v\nwant %+v", got, tt.want)
				}
			})
		})
	}
}

// Each row is what a session's life reports, and what ends an operation.
func TestEvents(t *testing.T) {
	const created, loaded, saved, renewed, destroyed, revoked, conflict, gone, touched = session.EventCreated, session.EventLoaded, session.EventSaved,
		session.EventRenewed, session.EventDestroyed, session.EventRevoked, session.EventConflict, session.EventGone, session.EventTouched
	type kinds = []session.EventKind
	for name, test := range map[string]struct {
		start  state
		policy session.Policy
		other  request // after the load
		act    request
		want   kinds
		ends   int
		err    error
	}{
		"a read":                            {state{Count: 1}, session.Policy{}, nil, read, kinds{loaded}, 1, nil},
		"a change":                          {state{Count: 1}, session.Policy{}, nil, count, kinds{loaded, saved}, 2, nil},
		"a change beside another":           {state{Count: 1}, session.Policy{}, count, count, kinds{loaded, conflict, saved}, 2, nil},
		"a log-in":                          {state{Count: 1}, session.Policy{}, nil, logIn("ada"), kinds{loaded, renewed}, 2, nil},
		"a log-in that joins":               {state{Count: 1}, session.Policy{}, logIn("ada"), logIn("ada"), kinds{loaded, conflict, renewed}, 2, nil},
		"a log-in that begins anew":         {state{Count: 1}, session.Policy{}, logOut, logIn("ada"), kinds{loaded, created}, 2, nil},
		"a log-in beside a change, bounded": {state{Count: 1}, session.Policy{MaxPerOwner: 1}, count, logIn("eve"), kinds{loaded, conflict, renewed, revoked}, 2, nil},
		"a change of what has ended":        {state{Count: 1}, session.Policy{}, logOut, count, kinds{loaded, gone}, 2, session.ErrGone},
		"a log-out":                         {state{Count: 1}, session.Policy{}, nil, logOut, kinds{loaded, destroyed}, 2, nil},
		"a log-out, and a change":           {state{Count: 1}, session.Policy{}, nil, both(logOut, count), kinds{loaded, destroyed, created}, 3, nil},
		"a log-out of what has ended":       {state{Count: 1}, session.Policy{}, logOut, logOut, kinds{loaded}, 1, nil},
		"a log-out beside a renewal":        {state{Count: 1}, session.Policy{}, renew, logOut, kinds{loaded, conflict, gone}, 2, session.ErrGone},
		"a touch":                           {state{Count: 1}, session.Policy{IdleTimeout: 30 * time.Minute}, nil, read, kinds{loaded, touched}, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			stored(t, store, state{User: "eve"})
			token := stored(t, store, test.start)
			var got kinds
			ends := 0
			test.policy.Observe = func(_ context.Context, e session.Event) {
				if got = append(got, e.Kind); e.Ends() {
					ends++
				}
			}
			s := loadWith(t, store, &test.policy, token)
			if test.other != nil {
				must(t, store, token, test.other)
			}
			test.act(s)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("got %v", err)
			}
			if !slices.Equal(got, test.want) || ends != test.ends {
				t.Errorf("events %v, want %v; %d end an operation", got, test.want, ends)
			}
		})
	}
}

func TestWhatAnEventTells(t *testing.T) {
	store := newProbe()
	var last session.Event
	policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { last = e }}
	s := session.New(store, policy)
	s.Update(func(v *state) { v.Notes = []string{"a"}; v.User = "ada" })
	commit(t, s)
	if last.Kind != session.EventCreated || last.ID != s.ID() || last.Owner != "ada" || last.Attempts != 1 || !slices.Equal(last.Changes, []string{"User", "Notes"}) {
		t.Errorf("event %+v", last)
	}
	s = loadWith(t, store, policy, tokenOf(s))
	must(t, store, tokenOf(s), count)
	s.Update(func(v *state) { v.Tags = map[string]string{"a": "b"} })
	commit(t, s)
	if last.Kind != session.EventSaved || last.Attempts != 2 || !slices.Equal(last.Changes, []string{"Tags"}) {
		t.Errorf("event %+v", last)
	}
}

// An observer runs when the session is free: it may read, change and commit it.
func TestAnObserverUsesTheSession(t *testing.T) {
	for name, act := range map[string]request{"reads": read, "edits": count, "commits": commitNow, "edits and commits": both(count, commitNow), "discards": (*session.Session[state]).Discard} {
		for of, first := range map[string]request{"a save": count, "a renewal": renew, "a conflict": count, "a failure": count, "a log-out": logOut} {
			t.Run(name+" at "+of, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newProbe()
					token := stored(t, store, state{Count: 1})
					var s *session.Session[state]
					calls := 0
					policy := &session.Policy{Observe: func(_ context.Context, e session.Event) {
						if calls++; s != nil && calls < 4 {
							act(s)
						}
					}}
					s = loadWith(t, store, policy, token)
					calls = 0
					switch of {
					case "a conflict":
						must(t, store, token, count)
					case "a failure":
						store.once("Save", func() error { return session.ErrTooLarge })
					}
					began := time.Now()
					first(s)
					s.Commit(t.Context())
					if calls == 0 || time.Since(began) > 0 && of != "a conflict" {
						t.Errorf("%d events; it took %v", calls, time.Since(began))
					}
				})
			})
		}
	}
}

// An observer that panics must not change what is stored.
func TestAnObserverThatPanics(t *testing.T) {
	for name, test := range map[string]struct {
		kind session.EventKind
		act  request
		want int
	}{
		"at a save":        {session.EventSaved, count, 2},
		"at a renewal":     {session.EventRenewed, renew, 1},
		"at a destruction": {session.EventDestroyed, logOut, 0},
		"at a conflict":    {session.EventConflict, count, 3},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			s := loadWith(t, store, &session.Policy{Observe: func(_ context.Context, e session.Event) {
				if e.Kind == test.kind {
					panic("the observer")
				}
			}}, token)
			test.act(s)
			if test.kind == session.EventConflict {
				meanwhile(t, store, token, "Save", 1, increment)
			}
			if p := panics(func() { s.Commit(t.Context()) }); p != "the observer" {
				t.Errorf("panicked with %v", p)
			}
			commit(t, s) // makes nothing twice
			if test.want == 0 {
				if live(t, store) != 0 {
					t.Error("the session lives")
				}
				return
			}
			if token, ok := s.Token(); !ok || value(t, store, token).Count != test.want || live(t, store) != 1 {
				t.Errorf("%d sessions; this one has %+v", live(t, store), s.Value())
			}
		})
	}
}

// EventKinds returns a list of the caller's own.
func TestEventKinds(t *testing.T) {
	session.EventKinds()[0] = "changed"
	if kinds := session.EventKinds(); len(kinds) != 21 || kinds[0] != session.EventCreated {
		t.Errorf("kinds %v", kinds)
	}
	if (session.Event{Kind: session.EventRejected}).Ends() {
		t.Error("an event without an operation ends one")
	}
}
