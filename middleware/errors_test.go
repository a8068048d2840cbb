package middleware_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// An error that comes of several has the status of the one that asks for the most: a
// mistake in the program before a session that has ended before a store to try again.
func TestStatusOfJoinedErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"late and unavailable": {errors.Join(session.ErrUnavailable, session.ErrLate), http.StatusInternalServerError},
		"late and gone":        {errors.Join(session.ErrGone, session.ErrLate), http.StatusInternalServerError},
		"gone and unavailable": {errors.Join(session.ErrUnavailable, session.ErrGone), http.StatusConflict},
		"a store's own, late":  {session.StoreError(session.ErrLate), http.StatusInternalServerError},
		"no error":             {nil, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			if got := middleware.Status(test.err); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
		})
	}
}
