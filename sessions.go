package sessions

import (
	"context"
	"net/http"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A Session is one visitor's state, held as a value of type T.
// See [session.Session] for its methods.
type Session[T any] = session.Session[T]

// A Store keeps sessions until they expire: see the packages below stores.
type Store[T any] = session.Store[T]

// A Record is what a [Store] keeps of one session.
type Record[T any] = session.Record[T]

// A Manager gives requests their sessions. See [middleware.Manager] for its methods.
type Manager[T any] = middleware.Manager[T]

// Options configure a [Manager]. The zero Options are the default, and secure.
type Options = middleware.Options

// A Cookie says what the session's cookie looks like. It is a field of [Options].
type Cookie = middleware.Cookie

// New returns a manager that keeps sessions in store. Nil options are the zero
// [Options]. The error names everything that is wrong with T and the options at
// once.
func New[T any](store Store[T], o *Options) (*Manager[T], error) {
	return middleware.New(store, o)
}

// Get returns the request's session, and loads it if that was not done yet. A
// visitor without one gets a new session, of which nothing is kept unless it is
// changed.
//
// The error is [session.ErrNoSession] if the request did not come through a
// [Manager] of type T, and [session.ErrUnavailable] if the store does not answer.
func Get[T any](r *http.Request) (*Session[T], error) {
	return middleware.Get[T](r)
}

// FromContext is [Get] for code that has the request's context only.
func FromContext[T any](ctx context.Context) (*Session[T], error) {
	return middleware.FromContext[T](ctx)
}

// Handle returns a handler that calls h with the request's session. If the
// session cannot be loaded, h is not called, and [Options].ErrorHandler answers.
func Handle[T any](h func(http.ResponseWriter, *http.Request, *Session[T])) http.Handler {
	return middleware.Handle(h)
}

// Fail answers a request whose handler found, by Session.Commit, that its session
// cannot be saved: it drops the session's changes and calls [Options].ErrorHandler.
func Fail[T any](w http.ResponseWriter, r *http.Request, err error) {
	middleware.Fail[T](w, r, err)
}

// Take reads a field of the session once: it returns the field's value and
// zeroes the field, as flash messages want it. See [session.Take].
func Take[T, V any](s *Session[T], field func(*T) *V) V {
	return session.Take(s, field)
}
