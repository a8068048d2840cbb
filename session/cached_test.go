package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A copier is a store whose LoadCached answers with the copy that it took.
type copier struct {
	*probe
	taken session.Record[state]
}

func (c *copier) LoadCached(context.Context, session.ID) (session.Record[state], bool, error) {
	return c.taken, true, nil
}

// copyOf returns a store that has a copy of a session as it is now.
func copyOf(t *testing.T, store *probe, token session.Token) *copier {
	t.Helper()
	rec, err := store.Store.Load(t.Context(), token.ID())
	if err != nil {
		t.Fatal(err)
	}
	return &copier{store, rec}
}

// A change is made on the present record, also when it changes nothing of a copy.
func TestChangesOfACopy(t *testing.T) {
	one := func(v *state) { v.Count = 1 }
	deadline := time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		meanwhile func(*session.Session[state]) // another request, after the copy was taken
		change    func(*session.Session[state])
		err       error
		count     int
		calls     string
	}{
		"reads":                        {nil, func(s *session.Session[state]) { s.Value() }, nil, 1, ""},
		"changes":                      {nil, func(s *session.Session[state]) { s.Update(increment) }, nil, 2, "Save"},
		"changes, after another":       {func(s *session.Session[state]) { s.Update(increment) }, func(s *session.Session[state]) { s.Update(increment) }, nil, 3, "Save Load Save"},
		"changes nothing":              {nil, func(s *session.Session[state]) { s.Update(one) }, nil, 1, "Load"},
		"undoes what it does not know": {func(s *session.Session[state]) { s.Update(increment) }, func(s *session.Session[state]) { s.Update(one) }, nil, 1, "Load Save"},
		"changes nothing of a session that has ended": {(*session.Session[state]).Destroy, func(s *session.Session[state]) { s.Update(one) }, session.ErrGone, 0, "Load"},
		"sets a deadline that another moved": {func(s *session.Session[state]) { s.SetDeadline(deadline.Add(time.Minute)) },
			func(s *session.Session[state]) { s.SetDeadline(deadline) }, nil, 1, "Load Save"},
		"ends, and changes nothing of the next": {nil, func(s *session.Session[state]) { s.Destroy(); s.Clear() }, nil, 0, "Delete"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newProbe()
			s := session.New(store, nil)
			s.Set(state{Count: 1})
			s.SetDeadline(deadline)
			s.Persist(false) // a later deadline of a cookie that has one renews
			commit(t, s)
			token, _ := s.Token()
			near := copyOf(t, store, token)
			if test.meanwhile != nil {
				other := load(t, store, token)
				test.meanwhile(other)
				commit(t, other)
			}
			store.calls()
			s = load(t, near, token)
			test.change(s)
			if err := s.Commit(t.Context()); !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("Commit: %v", err)
			}
			if got := store.calls(); got != test.calls {
				t.Errorf("calls %q, want %q", got, test.calls)
			}
			if got := load(t, store, token); got.Value().Count != test.count {
				t.Errorf("stored is %+v", got.Value())
			}
			if test.err == nil && test.count > 0 && !s.Deadline().Equal(load(t, store, token).Deadline()) {
				t.Errorf("the deadline is %v", s.Deadline())
			}
		})
	}
}

// A record that was verified once, or saved, is no copy any more.
func TestACopyIsVerifiedOnce(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	for name, first := range map[string]func(*state){"verified": func(*state) {}, "saved": increment} {
		s := load(t, copyOf(t, store, token), token)
		s.Update(first)
		commit(t, s)
		store.calls()
		s.Update(func(*state) {})
		commit(t, s)
		if got := store.calls(); got != "" {
			t.Errorf("%s: calls %q", name, got)
		}
	}
}

// A copy ends at its deadline as any record does.
func TestLoadingACopy(t *testing.T) {
	store := newProbe()
	token := stored(t, store, state{Count: 1})
	near := copyOf(t, store, token)
	near.taken.Deadline = time.Now().Add(-time.Second)
	if s := load(t, near, token); !s.IsNew() {
		t.Error("it lives beyond its deadline")
	}
}
