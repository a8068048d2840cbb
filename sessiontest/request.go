package sessiontest

import (
	"net/http"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Request returns r with a session in it that holds v, and the session: no
// middleware, no cookie. It is as if the session had been stored and loaded; if
// v is the zero value, it is a new one, as of a visitor without one. The
// handler's changes are not committed, so that Modified and Changes
// tell about it; [session.Session.Commit] works.
//
//	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items", nil), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r, cart)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
func Request[T any](tb testing.TB, r *http.Request, v T) (*http.Request, *session.Session[T]) {
	tb.Helper()
	if err := session.Check[T](); err != nil {
		tb.Fatal(err)
	}
	s := session.New(memstore.New[T](nil), nil)
	s.Set(v)
	if err := s.Commit(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return r.WithContext(middleware.NewContext(r.Context(), s)), s
}
