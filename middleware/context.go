package middleware

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// contextKey finds the session of type T in a context.
type contextKey[T any] struct{}

// A source is the value of a contextKey.
type source[T any] interface {
	get(ctx context.Context, r *http.Request) (*session.Session[T], error)
	used() (s *session.Session[T], used bool)
	fail(w http.ResponseWriter, r *http.Request, err error)
}

// Get returns the request's session: see [FromContext].
func Get[T any](r *http.Request) (*session.Session[T], error) {
	return fromContext[T](r.Context(), r)
}

// Ended returns how the request's session ended, for a page that asks the visitor to
// log in again: see [session.Session.Ended]. It returns the errors of [FromContext].
func Ended[T any](r *http.Request) (session.Ending, error) {
	s, err := Get[T](r)
	if err != nil {
		return session.Ending{}, err
	}
	return s.Ended(r.Context())
}

// FromContext returns the session of the request to which the context belongs.
// The first call loads it, if the request bears a token; later calls return the
// same session. A request without a token, or with an unknown one, gets a new
// session.
//
// FromContext returns [session.ErrNoSession] if the context has not come through a
// [Manager] of type T. It returns [session.ErrUnavailable] if the store does not
// answer: the visitor is then unknown, not anonymous. It returns [session.ErrLate] if
// the first call comes after the first byte of the response, since the response then
// does not vary by the cookie. It also returns ErrLate if the handler has returned
// without a response and the request has ended. It returns [session.ErrTimeout] if the
// deadline of ctx has passed.
//
// If ctx has a deadline of its own, it bounds the use of the session: when it passes,
// the changes are not saved. Cancel a context that bounds the load alone when
// FromContext has returned.
func FromContext[T any](ctx context.Context) (*session.Session[T], error) {
	return fromContext[T](ctx, nil)
}

// Loaded returns the session of the request, if it has been loaded, for code that can
// return no error: a template's function, a log. It loads nothing. It reports false if
// nothing has asked for the session yet, if the load has failed or is in progress, and if
// the context has not come through a [Manager] of type T.
//
// The deadline of ctx bounds nothing: a log within the time of a query must not decide
// about the request's changes. Code that changes the session gets it by [Get] or
// [FromContext].
func Loaded[T any](ctx context.Context) (*session.Session[T], bool) {
	if src, ok := ctx.Value(contextKey[T]{}).(source[T]); ok {
		s, _ := src.used()
		return s, s != nil
	}
	return nil, false
}

// fromContext is FromContext for the handler of a request, if that is known.
func fromContext[T any](ctx context.Context, r *http.Request) (*session.Session[T], error) {
	if src, ok := ctx.Value(contextKey[T]{}).(source[T]); ok {
		return src.get(ctx, r)
	}
	return nil, noSession[T](ctx, r)
}

// A missing is a type without a manager, as a logger has it already.
type missing struct {
	t      reflect.Type
	logger *slog.Logger
}

var missingLogged sync.Map // of missing

// noSession returns the error of a context without a session of type T, and logs
// it once in each log, with the route if the request is known.
func noSession[T any](ctx context.Context, r *http.Request) error {
	logger := slog.Default()
	var there []string
	for l := innermost(ctx); l != nil; l = l.next() {
		if len(there) == 0 {
			logger = l.logger()
		}
		_, _, typeName := l.describe()
		there = append(there, typeName)
	}
	t := reflect.TypeFor[T]()
	have := "no manager's handler is around this one"
	if len(there) > 0 {
		have = "the managers around this handler have the types " + strings.Join(there, " and ")
	}
	err := &wrapped{
		fmt.Sprintf("sessions: no session of type %v in the context: %s; put the handler into Handler of a Manager[%v]", t, have, t),
		session.ErrNoSession,
	}
	if _, logged := missingLogged.LoadOrStore(missing{t, logger}, true); !logged {
		attrs := routeAttrs(ctx)
		if r != nil {
			attrs = []slog.Attr{slog.String("method", r.Method), slog.String("route", cmp.Or(r.Pattern, r.URL.Path))}
		}
		logger.LogAttrs(ctx, slog.LevelError, err.Error(), attrs...)
	}
	return err
}

// Handle returns a handler that calls h with the request's session. If the
// session cannot be loaded, h is not called, and the manager's
// [Options].ErrorHandler answers.
func Handle[T any](h func(http.ResponseWriter, *http.Request, *session.Session[T])) http.HandlerFunc {
	if h == nil {
		panic("sessions: Handle: the handler is nil")
	}
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := Get[T](r)
		if err == nil {
			h(w, r, s)
			return
		}
		Fail[T](w, r, err)
	}
}

// NewContext returns a context in which [FromContext] finds s. It serves code that
// has a session from [Manager.Open] and calls code written for requests, and tests.
// The session must be committed by the caller.
func NewContext[T any](ctx context.Context, s *session.Session[T]) context.Context {
	return context.WithValue(ctx, contextKey[T]{}, source[T](given[T]{s}))
}

// A given is a session that needs no loading.
type given[T any] struct{ s *session.Session[T] }

func (h given[T]) get(context.Context, *http.Request) (*session.Session[T], error) { return h.s, nil }

func (h given[T]) used() (*session.Session[T], bool) { return h.s, true }

func (h given[T]) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.s.Discard()
	DefaultErrorHandler(w, r, err)
}
