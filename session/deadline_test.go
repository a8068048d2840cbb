package session_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

func TestUseDoesNotMoveTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{Lifetime: 3 * time.Hour}
		s := session.New(store, policy)
		s.Update(increment)
		commit(t, s)
		token, _ := s.Token()
		for range 5 {
			time.Sleep(30 * time.Minute)
			s := loadWith(t, store, policy, token)
			s.Update(increment)
			s.Renew()
			commit(t, s)
			if s.Expires().After(s.Deadline()) {
				t.Error("expires after its deadline")
			}
			token, _ = s.Token()
		}
		time.Sleep(31 * time.Minute)
		if !loadWith(t, store, policy, token).IsNew() {
			t.Error("a session outlives its lifetime")
		}
	})
}

func TestSetDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		month := time.Now().Add(30 * 24 * time.Hour)
		s := session.New(store, nil)
		s.Update(increment)
		s.SetDeadline(month)
		commit(t, s)
		if !s.Deadline().Equal(month.UTC().Truncate(time.Millisecond)) || time.Until(s.Expires()) > time.Hour {
			t.Errorf("deadline %v, expires %v", s.Deadline(), s.Expires())
		}
		soon := time.Now().Add(time.Minute)
		s.SetDeadline(soon)
		commit(t, s)
		time.Sleep(2 * time.Minute)
		token, _ := s.Token()
		if !load(t, store, token).IsNew() {
			t.Error("lives beyond the end it was given")
		}

		s = load(t, store, stored(t, store, state{Count: 1}))
		s.SetDeadline(time.Time{})
		commit(t, s)
		if _, ok := s.Token(); ok || live(t, store) != 0 {
			t.Error("a session that ended in the past lives")
		}

		s = load(t, store, stored(t, store, state{Count: 1}))
		s.SetDeadline(time.Now().Add(time.Second))
		store.once("Save", func() error { time.Sleep(time.Minute); return nil })
		commit(t, s)
		if _, ok := s.Token(); ok || live(t, store) != 0 {
			t.Error("a session whose end came while it was saved lives")
		}
	})
}

func TestSetDeadlineTheEndOfTime(t *testing.T) {
	for _, end := range []time.Time{time.Unix(math.MaxInt64, 0), time.Unix(1<<55, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		store := newProbe()
		s := session.New(store, nil)
		s.Update(increment)
		s.SetDeadline(end)
		commit(t, s)
		if token, ok := s.Token(); !ok || load(t, store, token).IsNew() {
			t.Errorf("a session until %d is not there", end.Unix())
		}
	}
}

func TestALateLongerDeadlineIsRefused(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{Count: 1}))
	hooks.Of(s).Detach(t.Context())
	s.SetDeadline(time.Now().Add(30 * 24 * time.Hour))
	if err := s.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
		t.Errorf("got %v: the cookie would end before the session", err)
	}
	s.Discard()
	s.SetDeadline(time.Now().Add(time.Minute))
	if err := s.Commit(t.Context()); err != nil {
		t.Errorf("got %v: the session may end before its cookie", err)
	}
}

func TestPersist(t *testing.T) {
	store := newProbe()
	for _, browser := range []bool{false, true} {
		policy := &session.Policy{BrowserSession: browser}
		s := session.New(store, policy)
		s.Update(increment)
		commit(t, s)
		if s.Persistent() == browser {
			t.Errorf("BrowserSession %v gives Persistent %v", browser, s.Persistent())
		}
		s.Persist(browser)
		if !s.Modified() {
			t.Error("no change")
		}
		commit(t, s)
		token, _ := s.Token()
		if loadWith(t, store, policy, token).Persistent() != browser {
			t.Error("lost")
		}
	}
}

func TestAChangeAfterAnEndBySetDeadlineBeginsANewSession(t *testing.T) {
	store := newProbe()
	old := stored(t, store, state{Count: 1})
	s := load(t, store, old)
	s.SetDeadline(time.Now().Add(-time.Hour))
	commit(t, s)
	s.Update(increment)
	commit(t, s)
	token, ok := s.Token()
	if !ok || token.Equal(old) || load(t, store, token).Value().Count != 1 {
		t.Error("the change is not stored")
	}
}

// A deadline in the past ends a session that was not renewed long since.
func TestADeadlineLongAfterTheLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		s, other := load(t, store, token), load(t, store, token)
		other.Renew()
		commit(t, other)
		time.Sleep(31 * time.Second)
		s.SetDeadline(time.Time{})
		if err := s.Commit(t.Context()); !errors.Is(err, session.ErrGone) || live(t, store) != 1 {
			t.Errorf("got %v, and %d live sessions", err, live(t, store))
		}
	})
}

// An edit made while the deadline ends a session begins a new, empty session. The
// ended session's value does not come back.
func TestAnEditWhileTheDeadlineEndsTheSession(t *testing.T) {
	store := newProbe()
	s := load(t, store, stored(t, store, state{User: "ada", Count: 7}))
	s.SetDeadline(time.Time{})
	store.once("Delete", func() error { s.Update(increment); return nil })
	commit(t, s)
	commit(t, s)
	token, _ := s.Token()
	if v := load(t, store, token).Value(); v.User != "" || v.Count != 1 {
		t.Errorf("the ended session is back: %+v", v)
	}
}
