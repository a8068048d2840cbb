package sessiontest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Request returns a copy of r with a session in its context, and the session. It
// needs no middleware and no cookie.
//
// The session has the value v, as if it had been stored and loaded. If v is the zero
// value, the session is new. Changes by the handler are not committed, so that
// Modified and Changes report them. The handler may call Commit itself.
//
//	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items", nil), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r, cart)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
func Request[T any](tb testing.TB, r *http.Request, v T) (*http.Request, *session.Session[T]) {
	tb.Helper()
	r, s, err := WithSession(r, v)
	if err != nil {
		tb.Fatal(err)
	}
	return r, s
}

// WithSession is [Request] for code without a test. The error says why T cannot be
// kept in a session.
func WithSession[T any](r *http.Request, v T) (*http.Request, *session.Session[T], error) {
	if err := session.Check[T](); err != nil {
		return nil, nil, err
	}
	s := session.New(memstore.New[T](nil), nil)
	s.Set(v)
	if err := s.Commit(r.Context()); err != nil {
		return nil, nil, err
	}
	return r.WithContext(middleware.NewContext(r.Context(), s)), s, nil
}

// FormRequest returns a POST request that sends these fields, as a form does, for the
// test of a handler.
func FormRequest(path string, fields url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
