package session_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed48429006/sessions/session"
)

// The record of a renewal of unknown outcome holds the edits of its commit. When
// the renewal turns out to be complete, they are not made again, also not on the
// newer record of another request that has the new token.
func TestEditsOfARenewalOfUnknownOutcomeAreMadeOnce(t *testing.T) {
	for does, change := range map[string]func(*session.Session[state]){
		"a renewal": renewAndCount,
		"a log-in":  func(s *session.Session[state]) { s.LogIn(func(v *state) { v.User, v.Count = "ada", v.Count+1 }) },
	} {
		for name, happens := range retired {
			t.Run(does+", "+name, func(t *testing.T) {
				store, _, s := unknown(t, state{Count: 1}, happens, change)
				token, _ := s.Token()
				other := load(t, store, token)
				other.Update(increment)
				commit(t, other)
				s.Update(increment)
				if v := s.Value(); v.Count != 3 {
					t.Errorf("before the commit the count is %d, want 3", v.Count)
				}
				commit(t, s)
				token, _ = s.Token()
				if v := load(t, store, token).Value(); v.Count != 4 || s.Value().Count != 4 || live(t, store) != 1 {
					t.Errorf("the count is %d, in the session %d, want 4; %d sessions live", v.Count, s.Value().Count, live(t, store))
				}
			})
		}
	}
}

// A renewal of unknown outcome may have met another request's change first. That
// change is in the new record, and stays there.
func TestARenewalOfUnknownOutcomeKeepsAnothersChange(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			renewAndCount(s)
			retires := 0
			store.before = func(op string) error {
				if op != "Retire" {
					return nil
				}
				if retires++; retires == 1 { // another request is first
					hook := store.before
					store.before = nil
					other := load(t, store, old)
					other.Update(func(v *state) { v.Notes = []string{"other"} })
					commit(t, other)
					store.before = hook
					return nil
				}
				losing(t, store, old, happens)
				return store.before("Retire")
			}
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) || retires != 2 {
				t.Fatalf("got %v after %d calls of Retire", err, retires)
			}
			store.before = nil
			s.Update(increment)
			commit(t, s)
			token, _ := s.Token()
			if v := load(t, store, token).Value(); v.Count != 3 || !slices.Equal(v.Notes, []string{"other"}) {
				t.Errorf("stored: %+v", v)
			}
		})
	}
}

// A completed renewal is not made a second time for changes that its record holds.
func TestACompletedRenewalIsNotRepeated(t *testing.T) {
	for name, happens := range retired {
		t.Run(name, func(t *testing.T) {
			store, _, s := unknown(t, state{Count: 1}, happens, renewAndCount)
			token, _ := s.Token()
			store.calls()
			if !s.Modified() {
				t.Error("nothing to commit, although it is unknown whether the change was saved")
			}
			commit(t, s)
			if after, _ := s.Token(); !after.Equal(token) || s.Modified() || store.calls() != "Exists Retire" {
				t.Error("the session is renewed again")
			}
		})
	}
}

// If a renewal cannot be completed, the changes of its commit are pending again, in
// their order.
func TestChangesOfARenewalThatCannotBeCompleted(t *testing.T) {
	for name, discard := range map[string]bool{"kept": false, "discarded": true} {
		t.Run(name, func(t *testing.T) {
			store, old, s := unknown(t, state{Count: 1}, false, func(s *session.Session[state]) {
				s.Renew()
				s.Update(func(v *state) { v.Notes = append(v.Notes, "first") })
			})
			other := load(t, store, old)
			other.Update(increment)
			commit(t, other)
			want := []string{"first", "second"}
			if discard {
				s.Discard()
				want = want[1:]
			}
			s.Update(func(v *state) { v.Notes = append(v.Notes, "second") })
			commit(t, s)
			token, _ := s.Token()
			if v := load(t, store, token).Value(); v.Count != 2 || !slices.Equal(v.Notes, want) || live(t, store) != 1 {
				t.Errorf("stored: %+v; %d sessions live", v, live(t, store))
			}
		})
	}
}
