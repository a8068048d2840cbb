package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// losing makes every Retire happen, or not, and fail in any case.
func losing(t *testing.T, store *probe, token session.Token, happens bool) {
	store.before = func(op string) error {
		if op != "Retire" {
			return nil
		}
		if rec, err := store.Store.Load(t.Context(), token.ID()); err == nil && happens {
			for other := range store.Store.All(t.Context()) {
				if other.ID != rec.ID {
					store.Store.Retire(t.Context(), rec.ID, rec.Revision, other.ID, time.Now().Add(time.Minute))
				}
			}
		}
		return errDown
	}
}

// Whether the old session was retired stays unknown. The visitor keeps one of the
// two in any case.
func TestARenewalOfUnknownOutcome(t *testing.T) {
	for name, happens := range map[string]bool{"that happened": true, "that did not happen": false} {
		for end, act := range map[string]func(t *testing.T, store *probe, s *session.Session[state]){
			"a further commit": func(t *testing.T, store *probe, s *session.Session[state]) { store.before = nil; commit(t, s) },
			"Discard":          func(t *testing.T, _ *probe, s *session.Session[state]) { s.Discard() },
			"Discard during a commit": func(t *testing.T, store *probe, s *session.Session[state]) {
				failing := store.before
				store.before = func(op string) error {
					if op == "Retire" {
						s.Discard()
					}
					return failing(op)
				}
				s.Commit(t.Context())
			},
		} {
			t.Run(name+" and "+end, func(t *testing.T) {
				store := newProbe()
				old := stored(t, store, state{Count: 1})
				s := load(t, store, old)
				s.LogIn(logInEdit("ada"))
				losing(t, store, old, happens)
				if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
					t.Fatalf("got %v", err)
				}
				act(t, store, s)
				token, _ := s.Token()
				if v := load(t, store, token).Value(); token.Equal(old) || v.User != "ada" || v.Count != 1 {
					t.Errorf("the visitor's token leads to %+v", v)
				}
			})
		}
		t.Run(name+" and Destroy", func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			s.Renew()
			losing(t, store, old, happens)
			s.Commit(t.Context())
			store.before = nil
			s.Destroy()
			commit(t, s)
			if live(t, store) != 0 {
				t.Errorf("%d sessions live on", live(t, store))
			}
		})
	}
}

func TestALostReplyOfRetireIsAskedForAgain(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Renew()
	losing(t, store, old, true)
	failing := store.before
	failed := false
	store.before = func(op string) error {
		if op == "Retire" && failed {
			return nil
		}
		failed = failed || op == "Retire"
		return failing(op)
	}
	commit(t, s)
	if token, _ := s.Token(); token.Equal(old) || live(t, store) != 1 {
		t.Errorf("%d sessions", live(t, store))
	}
}

// When Delete takes longer than the marker of a renewed session stays, an absent
// session may go on elsewhere.
func TestALogOutThatTakesLongerThanTheMarker(t *testing.T) {
	for name, test := range map[string]struct {
		slow time.Duration
		want error
	}{"quick": {time.Second, nil}, "slow": {11 * time.Second, session.ErrGone}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token := stored(t, store, state{Count: 1})
				s := load(t, store, token)
				s.Destroy()
				store.once("Delete", func() error {
					if test.want != nil {
						other := load(t, store, token)
						other.Renew()
						commit(t, other)
					}
					time.Sleep(test.slow)
					return nil
				})
				if err := s.Commit(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			})
		})
	}
}

func TestATouchThatFailsIsNotTriedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		s := load(t, store, stored(t, store, state{Count: 1}))
		time.Sleep(30 * time.Minute)
		store.before = func(op string) error {
			if op == "Touch" {
				time.Sleep(5 * time.Second)
				return context.DeadlineExceeded
			}
			return nil
		}
		began := time.Now()
		commit(t, s)
		commit(t, s)
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("two commits of a read waited %v", waited)
		}
		time.Sleep(10 * time.Minute)
		store.before = nil
		store.calls()
		commit(t, s)
		if calls := store.calls(); calls != "Touch" {
			t.Errorf("later it calls %q", calls)
		}
	})
}

// A node whose clock is behind must not end the session that it just made.
func TestMaxPerOwnerUnderClockSkew(t *testing.T) {
	store := newProbe()
	rec := session.Record[state]{ID: session.NewToken().ID(), Owner: "ada", Value: state{User: "ada"}}
	rec.Renewed = time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond) // by a node that is ahead
	rec.Expires = rec.Renewed.Add(time.Hour)
	rec.Deadline = rec.Expires
	if err := store.Store.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	s := session.New(store, &session.Policy{MaxPerOwner: 1})
	s.LogIn(logInEdit("ada"))
	commit(t, s)
	if token, _ := s.Token(); load(t, store, token).Value().User != "ada" || live(t, store) != 1 {
		t.Errorf("the new session is not the one that lives; %d do", live(t, store))
	}
}
