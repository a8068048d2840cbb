package session_test

import (
	"context"
	"testing"

	"github.com/seed48429006/sessions/session"
)

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
