package middleware

import (
	"errors"
	"net/http"

	"github.com/seed48429006/sessions/session"
)

// retryAfter is how many seconds a client is asked to wait for the store.
const retryAfter = "5"

// Status returns the HTTP status that stands for a session's error:
//
//   - 409 if the session was ended by another request meanwhile, [session.ErrGone];
//   - 503 if the store is unavailable or the session is changed by too many at
//     once, [session.ErrUnavailable] and [session.ErrConflict];
//   - 500 for everything else, which is an error in the program.
func Status(err error) int {
	switch {
	case errors.Is(err, session.ErrGone):
		return http.StatusConflict
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrConflict):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// DefaultErrorHandler answers a request whose session could not be loaded or
// saved, with the [Status] of the error and a Retry-After where it helps. It says
// nothing about the cause.
func DefaultErrorHandler(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	switch status := Status(err); status {
	case http.StatusConflict:
		http.Error(w, "Nothing was saved: your session was ended or renewed meanwhile. "+
			"Please load the page again, or wait for ten seconds if that does not help.", status)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "Service temporarily unavailable. Please try again.", status)
	default:
		http.Error(w, http.StatusText(status), status)
	}
}

// Fail answers a request whose handler found that its session cannot be loaded
// or saved: it drops the session's changes and calls [Options.ErrorHandler].
//
//	if err := cart.Commit(r.Context()); err != nil {
//		middleware.Fail[Cart](w, r, err)
//		return
//	}
//
// Without it, changes whose commit failed are still pending, and are tried again
// with the first byte of the handler's answer.
//
// If a failed commit was answered already, Fail adds nothing. If the response has
// begun, the client cannot be told any more: the response ends with
// [http.ErrAbortHandler] when the handler returns.
func Fail[T any](w http.ResponseWriter, r *http.Request, err error) {
	if src, ok := r.Context().Value(contextKey[T]{}).(source[T]); ok {
		src.fail(w, r, err)
		return
	}
	DefaultErrorHandler(w, r, err)
}

// An answer knows whether an error handler has answered. What is informational
// is no answer.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = a.begun || status >= 200
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

func (a *answer) FlushError() error {
	a.begun = true
	return http.NewResponseController(a.ResponseWriter).Flush()
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
