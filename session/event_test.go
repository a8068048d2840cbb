package session_test

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each event names its operation, when that began and how long it took, by the
// time that the store takes.
func TestTimesOfEvents(t *testing.T) {
	takes := map[string]time.Duration{"Load": time.Second, "Save": 10 * time.Second, "Touch": 20 * time.Second, "Delete": time.Minute}
	const load, commits = session.OperationLoad, session.OperationCommit
	for _, tt := range []struct {
		name  string
		fails string
		act   func(*session.Session[state])
		want  []session.Event // without what is not of times
	}{
		{"read", "", func(*session.Session[state]) {}, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second}}},
		{"save", "", func(s *session.Session[state]) { s.Update(increment) }, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second},
			{Kind: session.EventSaved, Operation: commits, Duration: 10 * time.Second}}},
		{"touch", "", func(*session.Session[state]) { time.Sleep(30 * time.Minute) }, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second},
			{Kind: session.EventTouched, Operation: commits, Duration: 20 * time.Second}}},
		{"destroy", "", func(s *session.Session[state]) { s.Destroy() }, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second},
			{Kind: session.EventDestroyed, Operation: commits, Duration: time.Minute}}},
		{"load fails", "Load", nil, []session.Event{
			{Kind: session.EventFailed, Operation: load, Duration: time.Second}}},
		{"save fails", "Save", func(s *session.Session[state]) { s.Update(increment) }, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second},
			{Kind: session.EventFailed, Operation: commits, Duration: 10 * time.Second}}},
		{"end fails", "Delete", func(s *session.Session[state]) { s.Destroy() }, []session.Event{
			{Kind: session.EventLoaded, Operation: load, Duration: time.Second},
			{Kind: session.EventFailed, Operation: commits, Duration: time.Minute}}},
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
				policy := &session.Policy{Observe: func(_ context.Context, e session.Event) {
					if end := e.Start.Add(e.Duration); !end.Equal(time.Now()) {
						t.Errorf("%s began at %v and took %v", e.Kind, e.Start, e.Duration)
					}
					got = append(got, session.Event{Kind: e.Kind, Operation: e.Operation, Duration: e.Duration})
				}}
				if s, err := session.Load(t.Context(), store, policy, token); err == nil {
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

// An operation ends once, however many conflicts and revocations it has.
func TestAnOperationEndsOnce(t *testing.T) {
	store := newProbe()
	stored(t, store, state{User: "ada"})
	var kinds []session.EventKind
	ends := 0
	policy := &session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) {
		kinds = append(kinds, e.Kind)
		if e.Ends() {
			ends++
		}
	}}
	token := stored(t, store, state{Count: 1})
	s := loadWith(t, store, policy, token)
	meanwhile(t, store, token, "Retire", 1, increment)
	s.LogIn(func(v *state) { v.User = "ada" })
	commit(t, s)
	want := []session.EventKind{session.EventLoaded, session.EventConflict, session.EventRenewed, session.EventRevoked}
	if !slices.Equal(kinds, want) || ends != 2 {
		t.Errorf("events %v, of which %d end an operation", kinds, ends)
	}
	if (session.Event{Kind: session.EventRejected}).Ends() {
		t.Error("an event without an operation ends one")
	}
}

// A log-in that worked, and whose owner's other sessions could not be ended, is one
// commit that ended well.
func TestACommitEndsOnce(t *testing.T) {
	unlisted := &failingIndex{newProbe()}
	undeleted := newProbe()
	undeleted.before = func(op string) error {
		if op == "Delete" {
			return errDown
		}
		return nil
	}
	for name, store := range map[string]session.Store[state]{"ByOwner": unlisted, "Delete": undeleted} {
		logIn := func(policy *session.Policy) {
			s := session.New(store, policy)
			s.LogIn(func(v *state) { v.User = "ada" })
			commit(t, s)
		}
		logIn(nil)
		var kinds, ends []session.EventKind
		logIn(&session.Policy{MaxPerOwner: 1, Observe: func(_ context.Context, e session.Event) {
			kinds = append(kinds, e.Kind)
			if e.Ends() {
				ends = append(ends, e.Kind)
			}
		}})
		if !slices.Equal(kinds, []session.EventKind{session.EventCreated, session.EventFailed}) || !slices.Equal(ends, kinds[:1]) {
			t.Errorf("%s fails: events %v, of which %v end an operation", name, kinds, ends)
		}
	}
}

// A failingIndex cannot list.
type failingIndex struct{ *probe }

func (failingIndex) ByOwner(context.Context, string) iter.Seq2[session.Record[state], error] {
	return func(yield func(session.Record[state], error) bool) { yield(session.Record[state]{}, errDown) }
}

// EventKinds returns a list of the caller's own.
func TestEventKinds(t *testing.T) {
	session.EventKinds()[0] = "changed"
	if kinds := session.EventKinds(); len(kinds) != 14 || kinds[0] != session.EventCreated {
		t.Errorf("kinds %v", kinds)
	}
}
