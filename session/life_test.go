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

func TestReadingTouchesNowAndThen(t *testing.T) {
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

func TestTheDeadlineHoldsHoweverMuchASessionIsUsed(t *testing.T) {
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

func TestAClockThatIsAheadDoesNotKeepOthersFromTouching(t *testing.T) {
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

func TestAFailedTouchIsNoFailureOfTheRequest(t *testing.T) {
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

func TestLoad(t *testing.T) {
	store := newProbe()
	unknown := session.NewToken()
	s := load(t, store, unknown)
	s.Update(increment)
	commit(t, s)
	if token, _ := s.Token(); token.Equal(unknown) {
		t.Error("an unknown token was adopted")
	}

	token := stored(t, store, state{Count: 1})
	store.once("Load", func() error { return &session.DecodeError{ID: token.ID(), Err: errDown} })
	s = load(t, store, token)
	s.Update(increment)
	commit(t, s)
	if fresh, _ := s.Token(); fresh.Equal(token) || load(t, store, token).Value().Count != 1 {
		t.Error("an unreadable record was touched")
	}

	store.once("Load", func() error { return errDown })
	if s, err := session.Load(t.Context(), store, nil, token); s != nil || !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errDown) {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestEvents(t *testing.T) {
	store := newProbe()
	var kinds []session.EventKind
	var last session.Event
	policy := &session.Policy{Observe: func(_ context.Context, e session.Event) { kinds, last = append(kinds, e.Kind), e }}
	s := session.New(store, policy)
	s.Update(func(v *state) { v.Notes = []string{"a"}; v.User = "ada" })
	commit(t, s)
	if last.ID != s.ID() || last.Owner != "ada" || last.Attempts != 1 || !slices.Equal(last.Changes, []string{"User", "Notes"}) {
		t.Errorf("event %+v", last)
	}
	token, _ := s.Token()
	s = loadWith(t, store, policy, token)
	other := load(t, store, token)
	other.Update(increment)
	commit(t, other)
	s.Update(increment)
	commit(t, s)
	s.Renew()
	commit(t, s)
	loadWith(t, store, policy, token)
	s.Destroy()
	commit(t, s)
	want := []session.EventKind{session.EventCreated, session.EventLoaded, session.EventConflict, session.EventSaved,
		session.EventRenewed, session.EventGone, session.EventDestroyed}
	if !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
}

func TestCheck(t *testing.T) {
	type bad struct {
		C chan int
		F func()
		h int
	}
	err := session.Check[bad]()
	if err == nil || strings.Count(err.Error(), "session: bad.") != 3 {
		t.Errorf("got %v", err)
	}
	_ = bad{h: 1}
	if err := session.Check[state](); err != nil {
		t.Error(err)
	}
}
