package middleware_test

import (
	"context"
	"errors"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestEndWhateverTheOwner(t *testing.T) {
	for _, test := range []struct {
		name  string
		login Login
		spoil func(*sessiontest.Store[Login], session.ID)
		want  error
	}{
		{"with an owner", Login{Customer: "ada"}, nil, nil},
		{"anonymous", Login{Browser: "Firefox"}, nil, nil},
		{"unreadable", Login{Customer: "ada"}, func(s *sessiontest.Store[Login], id session.ID) { s.Corrupt(id, errors.New("flipped")) }, nil},
		{"ended", Login{Customer: "ada"}, func(s *sessiontest.Store[Login], id session.ID) { s.Direct().Delete(t.Context(), id, 0) }, session.ErrNotFound},
		{"store down", Login{Customer: "ada"}, func(s *sessiontest.Store[Login], id session.ID) { s.Down() }, session.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			var revoked []session.Event
			store := sessiontest.NewStore[Login](t)
			logins, err := middleware.New[Login](store, &middleware.Options{Observe: keep(&revoked, session.EventRevoked)})
			if err != nil {
				t.Fatal(err)
			}
			id := store.Seed(test.login).ID()
			if test.spoil != nil {
				test.spoil(store, id)
			}
			if err := logins.End(t.Context(), id, ""); !errors.Is(err, test.want) {
				t.Fatalf("End returned %v, want %v", err, test.want)
			}
			if test.want != nil {
				return
			}
			if live, err := store.Exists(t.Context(), id); live || err != nil {
				t.Errorf("the session lives: %v, %v", live, err)
			}
			if len(revoked) != 1 || revoked[0].ID != id {
				t.Errorf("events: %v", revoked)
			}
		})
	}
}

// keep returns an observer that keeps the events of one kind.
func keep(events *[]session.Event, kind session.EventKind) func(context.Context, session.Event) {
	return func(_ context.Context, e session.Event) {
		if e.Kind == kind {
			*events = append(*events, e)
		}
	}
}
