package middleware

import (
	"context"
	"net/http"

	"github.com/seed48429006/sessions/session"
)

// contextKey finds the session of one type in a context.
type contextKey[T any] struct{}

// A source is what a context holds under a contextKey.
type source[T any] interface {
	get(ctx context.Context) (*session.Session[T], error)
	fail(w http.ResponseWriter, r *http.Request, err error)
}

// Get returns the request's session: see [FromContext].
func Get[T any](r *http.Request) (*session.Session[T], error) {
	return FromContext[T](r.Context())
}

// FromContext returns the session of the request to which the context belongs.
// The first call loads it, if the request bears a token; later ones return the
// same session. A request without a token, or with one that is not known, has a
// new session.
//
// It returns [session.ErrNoSession] if the context has not come through a
// [Manager] of type T, and [session.ErrUnavailable] if the store does not
// answer: who the visitor is, is not known then, and not that he is nobody.
func FromContext[T any](ctx context.Context) (*session.Session[T], error) {
	if src, ok := ctx.Value(contextKey[T]{}).(source[T]); ok {
		return src.get(ctx)
	}
	return nil, session.ErrNoSession
}

// Handle returns a handler that calls h with the request's session. If the
// session cannot be loaded, h is not called, and the manager's
// [Options.ErrorHandler] answers.
func Handle[T any](h func(http.ResponseWriter, *http.Request, *session.Session[T])) http.Handler {
	if h == nil {
		panic("sessions: nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := Get[T](r)
		if err == nil {
			h(w, r, s)
			return
		}
		Fail[T](w, r, err)
	})
}

// NewContext returns a context in which [FromContext] finds s. It is for code
// that has a session from [Manager.Open] and calls code that was written for
// requests, and for tests. Nothing commits the session but its holder.
func NewContext[T any](ctx context.Context, s *session.Session[T]) context.Context {
	return context.WithValue(ctx, contextKey[T]{}, source[T](held[T]{s}))
}

// held is a session that needs no loading.
type held[T any] struct{ s *session.Session[T] }

func (h held[T]) get(context.Context) (*session.Session[T], error) { return h.s, nil }

func (h held[T]) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.s.Discard()
	DefaultErrorHandler(w, r, err)
}
