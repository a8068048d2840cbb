package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
)

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
	if issued, _ := s.Token(); issued.Equal(token) || load(t, store, token).Value().Count != 1 {
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

// An observer that panics must not change what is stored.
func TestAnObserverThatPanics(t *testing.T) {
	for name, test := range map[string]struct {
		kind session.EventKind
		act  func(*session.Session[state])
		want int
	}{
		"at a save":        {session.EventSaved, func(s *session.Session[state]) { s.Update(increment) }, 2},
		"at a renewal":     {session.EventRenewed, (*session.Session[state]).Renew, 1},
		"at a destruction": {session.EventDestroyed, (*session.Session[state]).Destroy, 0},
		"at a conflict":    {session.EventConflict, func(s *session.Session[state]) { s.Update(increment) }, 3},
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
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				s.Commit(t.Context())
			}()
			commit(t, s) // makes nothing twice
			if test.want == 0 {
				if live(t, store) != 0 {
					t.Error("the session lives")
				}
				return
			}
			if token, ok := s.Token(); !ok || load(t, store, token).Value().Count != test.want || live(t, store) != 1 {
				t.Errorf("%d sessions; this one has %+v", live(t, store), s.Value())
			}
		})
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

// An error that says nothing about a load means that it failed.
func TestLoadWithAnErrorOfAnotherMethod(t *testing.T) {
	for _, odd := range []error{session.ErrConflict, session.ErrExists, session.ErrTooLarge, session.ErrLate, session.ErrUnsupported} {
		t.Run(odd.Error(), func(t *testing.T) {
			store := newProbe()
			token := stored(t, store, state{Count: 1})
			store.once("Load", func() error { return odd })
			if _, err := session.Load(t.Context(), store, nil, token); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}
