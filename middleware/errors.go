package middleware

import (
	"errors"
	"net/http"

	"github.com/seed48429006/sessions/session"
)

// retryAfter is how many seconds a client is asked to wait for the store.
const retryAfter = "5"

// Status returns the HTTP status for a session's error:
//
//   - 409 for [session.ErrGone]: another request ended the session, or logged in;
//   - 403 for [session.ErrTooManySessions]: the owner may not have another session;
//   - 503 for [session.ErrUnavailable], [session.ErrConflict] and [session.ErrTimeout]:
//     the store did not answer, other requests kept changing the session, or the time
//     of the request has passed;
//   - 500 for everything else. These are mistakes in the program, such as
//     [session.ErrLate] and [session.ErrNoSession].
func Status(err error) int {
	switch {
	case errors.Is(err, session.ErrLate):
		return http.StatusInternalServerError
	case errors.Is(err, session.ErrGone):
		return http.StatusConflict
	case errors.Is(err, session.ErrTooManySessions):
		return http.StatusForbidden
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrConflict), errors.Is(err, session.ErrTimeout):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// DefaultErrorHandler answers a request after its session could not be loaded or saved,
// with the [Status] of the error, and with a Retry-After for 503. It does not tell the
// client the cause.
func DefaultErrorHandler(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	switch status := Status(err); {
	case status == http.StatusConflict:
		http.Error(w, "Nothing was saved: another request has ended or renewed your session. "+
			"Please load the page again.", status)
	case status == http.StatusForbidden:
		http.Error(w, "You are logged in elsewhere, as often as is allowed. Please log out there first.", status)
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "Service temporarily unavailable. Please try again.", status)
	case errors.Is(err, session.ErrLate):
		http.Error(w, "Nothing was saved: the change came too late.", status)
	default:
		http.Error(w, http.StatusText(status), status)
	}
}

// Fail answers for a handler that cannot load or save its session: it drops the
// session's changes and calls [Options].ErrorHandler. The handler must return then.
//
//	if err := cart.Commit(r.Context()); err != nil {
//		middleware.Fail[Cart](w, r, err)
//		return
//	}
//
// Without Fail, changes stay pending after a failed commit, and are tried again before
// the first byte of the handler's answer.
//
// The answer is sent when the handler has returned, instead of the handler's. Any
// writer can be given to Fail: the response is found by the request's context. Code
// around the manager may call Fail when the manager's handler has returned; the answer
// then goes to w.
//
// If the response has failed already, Fail does nothing. If it has begun, the client
// can no longer be told: the response is broken off when the handler returns, unless
// its status is 500 or above.
func Fail[T any](w http.ResponseWriter, r *http.Request, err error) {
	if src, ok := r.Context().Value(contextKey[T]{}).(source[T]); ok {
		src.fail(w, r, err)
		return
	}
	DefaultErrorHandler(w, r, err)
}

// An answer records whether an error handler has answered. An informational
// response is no answer.
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
