package session_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

func TestReadingMovesTheIdleEndNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		store.calls()
		read := func() {
			s := load(t, store, token)
			_ = s.Value()
			commit(t, s)
		}
		for range 10 {
			read()
		}
		if got := store.calls(); got != strings.TrimSpace(strings.Repeat("Load ", 10)) {
			t.Errorf("ten reads make the calls %q", got)
		}
		for range 3 * 16 { // three hours of a session with an idle timeout of one
			time.Sleep(time.Hour / 16)
			read()
		}
		if got := strings.Count(store.calls(), "Touch"); got != 3*16 {
			t.Errorf("%d touches, want %d", got, 3*16)
		}
		time.Sleep(time.Hour + time.Second)
		if s := load(t, store, token); !s.IsNew() {
			t.Error("an idle session lives on")
		}
	})
}

func TestTouchBesideAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		ahead := time.Now().UTC().Add(3 * time.Hour)
		if err := store.Store.Touch(t.Context(), token.ID(), ahead); err != nil {
			t.Fatal(err)
		}
		s := load(t, store, token)
		commit(t, s)
		if got := time.Until(s.Expires()); got > time.Hour {
			t.Errorf("expires in %v", got)
		}
	})
}

func TestAFailedTouchDoesNotFailTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		time.Sleep(10 * time.Minute)
		var reported []session.EventKind
		policy := &session.Policy{Report: func(_ context.Context, e session.Event) { reported = append(reported, e.Kind) }}
		s := loadWith(t, store, policy, token)
		store.once("Touch", func() error { return errDown })
		commit(t, s)
		if !slices.Equal(reported, []session.EventKind{session.EventFailed}) {
			t.Errorf("reported %v", reported)
		}
	})
}

func TestNoIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		policy := &session.Policy{IdleTimeout: -1}
		s := session.New(store, policy)
		s.Update(increment)
		commit(t, s)
		if !s.Expires().Equal(s.Deadline()) {
			t.Error("expires before its deadline")
		}
		time.Sleep(20 * time.Hour)
		token, _ := s.Token()
		store.calls()
		commit(t, loadWith(t, store, policy, token))
		if got := store.calls(); got != "Load" {
			t.Errorf("calls %q", got)
		}
	})
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

// A session that was stored with an idle timeout is freed of it by its first use
// under a policy without one.
func TestTheIdleTimeoutIsSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newProbe()
		token := stored(t, store, state{Count: 1})
		endless := &session.Policy{IdleTimeout: -1}
		s := loadWith(t, store, endless, token)
		store.once("Touch", func() error { return errDown })
		commit(t, s) // not tried again at once
		commit(t, s)
		if got := strings.Count(store.calls(), "Touch"); got != 1 {
			t.Errorf("%d touches", got)
		}
		commit(t, loadWith(t, store, endless, token))
		time.Sleep(3 * time.Hour)
		if s := loadWith(t, store, endless, token); s.IsNew() || !s.Expires().Equal(s.Deadline()) {
			t.Errorf("expires at %v, deadline %v", s.Expires(), s.Deadline())
		}
	})
}

// A record without a deadline has no end to move to when there is no idle timeout.
func TestNoIdleTimeoutAndNoDeadline(t *testing.T) {
	store := newProbe()
	token := session.NewToken()
	at := time.Now().UTC().Truncate(time.Millisecond)
	rec := session.Record[state]{ID: token.ID(), Created: at, Renewed: at, Expires: at.Add(time.Hour), Value: state{Count: 1}}
	if err := store.Store.Save(t.Context(), &rec); err != nil {
		t.Fatal(err)
	}
	s := loadWith(t, store, &session.Policy{IdleTimeout: -1}, token)
	commit(t, s)
	if s.Gone() || load(t, store, token).Value().Count != 1 {
		t.Error("it was ended")
	}
}
