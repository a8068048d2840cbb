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
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	created, deadline := s.Created(), s.Deadline()
	s.Update(increment)
	s.Renew()
	store.calls()
	commit(t, s)
	if got := store.calls(); got != "Save Retire" {
		t.Errorf("calls %q: the new one must be there before the old one goes", got)
	}
	token, _ := s.Token()
	renewed := load(t, store, token)
	if token.Equal(old) || renewed.Value().Count != 2 || !renewed.Created().Equal(created) || !renewed.Deadline().Equal(deadline) {
		t.Error("renewal loses something")
	}
	late := load(t, store, old)
	if !late.Gone() || late.Value().Count != 0 {
		t.Error("the old token still opens something")
	}
	if _, ok := late.Token(); ok {
		t.Error("a late request has a token to hand out")
	}
}

func TestOwnerChangeRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{Count: 1})
		time.Sleep(30 * time.Minute)
		s := load(t, store, old)
		s.Update(func(v *state) { v.User = "ada" })
		commit(t, s)
		token, _ := s.Token()
		if token.Equal(old) {
			t.Fatal("a log-in keeps the token")
		}
		if got := s.Deadline().Sub(s.Renewed()); got != session.DefaultLifetime {
			t.Errorf("a log-in lasts %v", got)
		}
		for rec, err := range store.ByOwner(t.Context(), "ada") {
			if err != nil || rec.ID != token.ID() {
				t.Error(rec.ID, err)
			}
		}
		s.Update(increment)
		commit(t, s)
		if same, _ := s.Token(); !same.Equal(token) {
			t.Error("an update renews")
		}
	})
}

func TestTheMarkerOfARenewalExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		old := stored(t, store, state{Count: 1})
		s := load(t, store, old)
		s.Renew()
		commit(t, s)
		time.Sleep(29 * time.Second)
		if !load(t, store, old).Gone() {
			t.Error("the marker is gone too early")
		}
		time.Sleep(2 * time.Second)
		if late := load(t, store, old); late.Gone() || !late.IsNew() {
			t.Error("the marker stays")
		}
	})
}

func TestAChangeDuringRenewalIsInTheNewSession(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Update(func(v *state) { v.User = "ada"; v.Count *= 10 })
	store.once("Retire", func() error {
		other := load(t, store, old)
		other.Update(increment)
		commit(t, other)
		return nil
	})
	commit(t, s)
	token, _ := s.Token()
	if diff := cmp.Diff(state{User: "ada", Count: 20}, load(t, store, token).Value()); diff != "" {
		t.Error(diff)
	}
	if !load(t, store, old).Gone() || live(t, store) != 1 {
		t.Error("the old session lives")
	}
}

func TestARenewalWhoseSaveFailsKeepsTheOldSession(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.Renew()
	store.once("Save", func() error { return errDown })
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if token, _ := s.Token(); !token.Equal(old) || load(t, store, old).Value().Count != 1 || live(t, store) != 1 {
		t.Error("the old session is not as it was")
	}
	commit(t, s)
	if token, _ := s.Token(); token.Equal(old) || live(t, store) != 1 {
		t.Error("the second try does not renew")
	}
}

func TestEndedDuringRenewal(t *testing.T) {
	for name, end := range map[string]func(*session.Session[state]){
		"destroyed": func(s *session.Session[state]) { s.Destroy() },
		"renewed":   func(s *session.Session[state]) { s.Renew() },
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			old := stored(t, store, state{Count: 1})
			s := load(t, store, old)
			s.Renew()
			var alive int
			store.once("Retire", func() error {
				other := load(t, store, old)
				end(other)
				commit(t, other)
				alive = live(t, store) - 1 // without the successor that this request made
				return nil
			})
			if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) {
				t.Errorf("got %v", err)
			}
			if got := live(t, store); got != alive {
				t.Errorf("%d live sessions, want %d", got, alive)
			}
			if token, _ := s.Token(); !token.Equal(old) {
				t.Error("a token was handed out")
			}
		})
	}
}

func TestDetachedSessionsRefuseChangesThatNeedAToken(t *testing.T) {
	late := map[string]func(*session.Session[state]){
		"owner":   func(s *session.Session[state]) { s.Update(func(v *state) { v.User = "ada" }) },
		"renewal": func(s *session.Session[state]) { s.Update(increment); s.Renew() },
		"persist": func(s *session.Session[state]) { s.Update(increment); s.Persist(false) },
	}
	for name, change := range late {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s := load(t, store, token)
		if err := hooks.Of(s).Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
			t.Errorf("%s: got %v", name, err)
		}
		if diff := cmp.Diff(state{Count: 1}, load(t, store, token).Value()); diff != "" {
			t.Errorf("%s: half done: %s", name, diff)
		}
	}
	store := newProbe()
	unstored := session.New(store, nil)
	hooks.Of(unstored).Detach(t.Context())
	unstored.Update(increment)
	if err := unstored.Commit(t.Context()); !errors.Is(err, session.ErrLate) || live(t, store) != 0 {
		t.Errorf("new: got %v", err)
	}

	s := load(t, store, stored(t, store, state{Count: 1}))
	hooks.Of(s).Detach(t.Context())
	s.Update(increment)
	commit(t, s)
	s.Destroy()
	commit(t, s)
	if live(t, store) != 0 {
		t.Error("a detached session cannot be destroyed")
	}
}
