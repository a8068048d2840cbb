package session_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each row is a session that reloads after another request.
func TestReload(t *testing.T) {
	for name, test := range map[string]struct {
		own   request // before the other request
		other request
		fault func(p *probe)
		err   error
		notes []string // afterwards
		saved []string // after a commit
	}{
		"sees a change":               {read, note("b"), nil, nil, []string{"b"}, []string{"b"}},
		"keeps its own changes":       {note("a"), note("b"), nil, nil, []string{"b", "a"}, []string{"b", "a"}},
		"finds nothing new":           {note("a"), read, nil, nil, []string{"a"}, []string{"a"}},
		"finds a log-out":             {note("a"), logOut, nil, session.ErrGone, []string{"a"}, nil},
		"finds a log-in":              {note("a"), logIn("ada"), nil, session.ErrGone, []string{"a"}, nil},
		"finds remembering":           {note("a"), remember(true), nil, nil, []string{"a"}, []string{"a"}},
		"finds another owner":         {read, become("bob"), nil, session.ErrGone, nil, nil},
		"finds the store down":        {note("a"), note("b"), func(p *probe) { p.fail("Load", false) }, session.ErrUnavailable, []string{"a"}, []string{"b", "a"}},
		"after a write that was done": {both(note("a"), commitNow), read, nil, nil, []string{"a"}, []string{"a"}},
		"after a write that was lost": {note("a"), read, func(p *probe) { p.fail("Save", false) }, nil, []string{"a"}, []string{"a"}},
		"after a reply that was lost": {both(note("a"), remember(true)), read, func(p *probe) { p.fail("Save", true) }, nil, []string{"a"}, []string{"a"}},
		"after its own log-out":       {logOut, read, nil, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{User: "ada"})
				s := load(t, store, token)
				test.own(s)
				must(t, store, token, test.other)
				if test.fault != nil {
					test.fault(store)
				}
				if name[:5] == "after" && test.fault != nil {
					if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
						t.Fatal(err)
					}
				}
				store.calls()
				err := s.Reload(t.Context())
				if got := s.Value().Notes; !errors.Is(err, test.err) || !slices.Equal(got, test.notes) || s.Gone() != (test.err == session.ErrGone) {
					t.Errorf("%v; the notes are %q; gone %v", err, got, s.Gone())
				}
				if err := s.Commit(t.Context()); (err != nil) != (test.err == session.ErrGone && test.notes != nil) {
					t.Errorf("a commit after it: %v", err)
				}
				if rec, err := store.Store.Load(t.Context(), token.ID()); err == nil && !slices.Equal(rec.Value.Notes, test.saved) {
					t.Errorf("the store has %q", rec.Value.Notes)
				}
			})
		})
	}
	t.Run("leaves a new session as it is", func(t *testing.T) {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		if err := s.Reload(t.Context()); err != nil || s.Value().Count != 1 || store.calls() != "" {
			t.Errorf("%v; %+v", err, s.Value())
		}
	})
	t.Run("is no use", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			s := load(t, store, stored(t, store, state{Count: 1}))
			for range 59 {
				time.Sleep(time.Minute)
				if err := s.Reload(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := time.Until(s.Expires()); got != time.Minute {
				t.Errorf("it expires in %v", got)
			}
		})
	})
}

// A connection outlives the rotations of other tabs, whose list of secrets has no room
// for its own any more. It reloads, saves and logs out, until a log-in ends its token.
func TestALongConnectionBesideRotations(t *testing.T) {
	for name, act := range map[string]request{"reloads and saves": count, "logs out": logOut} {
		for end, other := range map[string]request{"": nil, ", after a log-in": logIn("ada"), ", after a renewal": renew} {
			t.Run(name+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store, policy := newProbe(), &session.Policy{RotateEvery: often}
					token := storedWith(t, store, policy, state{User: "ada"})
					connection := loadWith(t, store, policy, token)
					if other != nil {
						token = mustWith(t, store, policy, token, other)
					}
					for range 10 {
						time.Sleep(often)
						token = mustWith(t, store, policy, token, read)
					}
					var want error
					if other != nil {
						want = session.ErrGone
					}
					if err := connection.Reload(t.Context()); !errors.Is(err, want) {
						t.Errorf("it reloads: %v", err)
					}
					for range 2 {
						act(connection)
						if err := connection.Commit(t.Context()); !errors.Is(err, want) {
							t.Errorf("it %s: %v", name, err)
						}
					}
					if alive := live(t, store) == 1; alive != (other != nil || name != "logs out") {
						t.Errorf("the session lives: %v", alive)
					}
				})
			})
		}
	}
}
