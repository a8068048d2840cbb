package middleware_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

func TestStatus(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		session.ErrGone:        http.StatusConflict,
		session.ErrUnavailable: http.StatusServiceUnavailable,
		session.ErrConflict:    http.StatusServiceUnavailable,
		session.ErrTooLarge:    http.StatusInternalServerError,
		session.ErrLate:        http.StatusInternalServerError,
		session.ErrNoSession:   http.StatusInternalServerError,
		errDown:                http.StatusInternalServerError,
	} {
		w := httptest.NewRecorder()
		middleware.DefaultErrorHandler(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("cause: %w", err))
		retry := w.Header().Get("Retry-After") != ""
		if w.Code != want || retry != (want == http.StatusServiceUnavailable) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %d %v", err, w.Code, w.Header())
		}
		if body := w.Body.String(); body == "" || strings.Contains(body, "cause") || strings.Contains(body, err.Error()) {
			t.Errorf("%v: body %q", err, body)
		}
	}
}

// A change that comes too late is a mistake in the program, not of the store.
func TestErrLateIsNotTheStores(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	var got error
	a.handle("/late", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		io.WriteString(w, "begun")
		add(s)
		got = s.Commit(r.Context())
	})
	aborts(func() { a.get("/late", "") })
	if !isLate(got) || middleware.Status(got) != http.StatusInternalServerError || !isLate(session.StoreError(got)) {
		t.Errorf("got %v, status %d", got, middleware.Status(got))
	}
	w := httptest.NewRecorder()
	middleware.DefaultErrorHandler(w, httptest.NewRequest("GET", "/", nil), got)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "too late") || w.Header().Get("Retry-After") != "" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
