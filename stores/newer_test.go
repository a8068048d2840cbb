package stores_test

import (
	"errors"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// During a rolling deploy a node meets sessions that a newer version of the program
// has written. It cannot read them, and must still be able to end them.
func TestSessionsOfANewerVersionCanBeEnded(t *testing.T) {
	client := redistest.New(t)
	plain := codec.MessagePack[cart]()
	newer, err := codec.Versioned(2, plain)
	if err != nil {
		t.Fatal(err)
	}
	older, err := codec.Versioned(1, plain)
	if err != nil {
		t.Fatal(err)
	}
	manage := func(c codec.Codec[cart], o *middleware.Options) *middleware.Manager[cart] {
		t.Helper()
		store, err := redisstore.New(client, "carts", c, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := middleware.New(store, o)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	logIn := func(m *middleware.Manager[cart]) *session.Session[cart] {
		t.Helper()
		s, err := m.Open(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		s.LogIn(func(c *cart) { c.Customer = "ada" })
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	count := func(m *middleware.Manager[cart]) (readable, unreadable int) {
		for _, err := range m.ByOwner(t.Context(), "ada") {
			switch {
			case err == nil:
				readable++
			case errors.Is(err, session.ErrNewer):
				unreadable++
			default:
				t.Error(err)
			}
		}
		return readable, unreadable
	}
	after, before := manage(newer, nil), manage(older, nil)

	t.Run("Open", func(t *testing.T) {
		token, _ := logIn(after).Token()
		if _, err := before.Open(t.Context(), token.Reveal()); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if _, err := after.Open(t.Context(), token.Reveal()); err != nil {
			t.Errorf("the session is gone: %v", err)
		}
	})
	t.Run("Revoke", func(t *testing.T) {
		s := logIn(after)
		if err := before.Revoke(t.Context(), "bob", s.ID(), ""); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("another owner's: %v", err)
		}
		if err := before.Revoke(t.Context(), "ada", s.ID(), ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("RevokeAll", func(t *testing.T) {
		logIn(before)
		logIn(after)
		if n, err := before.RevokeAll(t.Context(), "ada", ""); n != 3 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
	})
	t.Run("MaxPerOwner", func(t *testing.T) {
		bounded := manage(older, &middleware.Options{MaxPerOwner: 3})
		logIn(after)
		for range 5 {
			logIn(bounded)
		}
		// A record's head tells its age, also if its value cannot be read.
		if readable, unreadable := count(before); readable != 3 || unreadable != 0 {
			t.Errorf("%d can be read, %d cannot", readable, unreadable)
		}
	})
}
