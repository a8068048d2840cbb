package middleware

import (
	"errors"
	"net/http"

	"github.com/seed48429006/sessions/session"
)

// retryAfter is how many seconds a client is asked to wait for the store.
const retryAfter = "5"

// DefaultErrorHandler answers a request whose session could not be loaded or
// saved, and says nothing about the cause:
//
//   - 409 if the session was ended by another request meanwhile, [session.ErrGone];
//   - 503, with Retry-After, if the store is unavailable or the session is
//     changed by too many at once, [session.ErrUnavailable] and [session.ErrConflict];
//   - 500 for everything else, which is an error in the program.
func DefaultErrorHandler(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, session.ErrGone):
		http.Error(w, "Your session has ended. Please load the page again.", http.StatusConflict)
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrConflict):
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "Service temporarily unavailable. Please try again.", http.StatusServiceUnavailable)
	default:
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// An answer knows whether an error handler has answered.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
