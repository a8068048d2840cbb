package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// contextTimeout is a timeout as chi and echo have it: it ends the context, and
// answers when the handler has returned.
func contextTimeout(h http.Handler, d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer func() {
			if cancel(); ctx.Err() == context.DeadlineExceeded {
				w.WriteHeader(http.StatusGatewayTimeout)
			}
		}()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

func timeoutHandler(h http.Handler, d time.Duration) http.Handler {
	return http.TimeoutHandler(h, d, "timeout")
}

// A request whose time has passed saves nothing, and is not answered as if it had:
// whatever the kind of the timeout and its place. The handler's own commits stay.
func TestNothingIsSavedWithATimeout(t *testing.T) {
	t.Parallel()
	const limit = time.Minute
	type handler = func(w http.ResponseWriter, r *http.Request, s *session.Session[cart])
	for name, test := range map[string]struct {
		h     handler
		items int // that are stored; -1: no session is left
	}{
		"half done, then slow": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			<-r.Context().Done()
		}, 1},
		"slow, then done": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			time.Sleep(2 * limit)
			add(s)
			io.WriteString(w, "done")
		}, 1},
		"done, then slow": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			time.Sleep(2 * limit)
			io.WriteString(w, "done")
		}, 1},
		"a change of a passive request": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.SetPassive(true)
			add(s)
			time.Sleep(2 * limit)
			io.WriteString(w, "done")
		}, 1},
		"a log-in": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.LogIn(func(c *cart) { c.Customer, c.Items = "ada", 7 })
			time.Sleep(2 * limit)
		}, 1},
		"committed by itself": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			if err := s.Commit(r.Context()); err != nil {
				t.Error(err)
			}
			add(s)
			<-r.Context().Done()
		}, 2},
		"a log-out": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Destroy()
			<-r.Context().Done()
		}, -1},
		"a read": {func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Value()
			<-r.Context().Done()
		}, 1},
	} {
		for kind, timeout := range map[string]func(http.Handler, time.Duration) http.Handler{
			"TimeoutHandler": timeoutHandler, "a context's": contextTimeout,
		} {
			for place, within := range map[string]bool{"around": false, "within": true} {
				t.Run(name+"/"+kind+"/"+place, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						st := newStore()
						a := newApp(t, st, nil)
						cookie := a.visit(t, cart{Items: 1})
						a.kinds()
						var h http.Handler = middleware.Handle(test.h)
						if within {
							h = a.Handler(timeout(h, limit))
						} else {
							h = timeout(a.Handler(h), limit)
						}
						w, r := recorder(), httptest.NewRequest("GET", "/", nil)
						r.Header.Set("Cookie", cookie)
						if aborts(func() { h.ServeHTTP(w, r) }) {
							t.Error("aborted")
						}
						time.Sleep(2 * limit) // the handler may run on
						synctest.Wait()
						if w.Code != http.StatusServiceUnavailable && w.Code != http.StatusGatewayTimeout && name != "a read" {
							t.Errorf("%d %q", w.Code, w.Body)
						}
						c, ok := a.value(t, cookie)
						if ok != (test.items > 0) || ok && c.Items != test.items || c.Customer != "" {
							t.Errorf("%+v is stored", c)
						}
						kinds := a.kinds()
						if slices.Contains(kinds, session.EventFailed) {
							t.Errorf("events %v", kinds)
						}
						later := name == "slow, then done" && kind == "TimeoutHandler" && within // than the end of the response
						if dropped := name != "a read" && !later; dropped != slices.Contains(kinds, session.EventTimeout) {
							t.Errorf("events %v", kinds)
						}
					})
				})
			}
		}
	}
}

// A session that is asked for when the time has passed is not looked for.
func TestASessionAskedForWhenTheTimeHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		st.calls()
		a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			_, err := middleware.Get[cart](r)
			if !errors.Is(err, session.ErrTimeout) || errors.Is(err, session.ErrUnavailable) || middleware.Status(err) != http.StatusServiceUnavailable {
				t.Errorf("got %v", err)
			}
			middleware.Fail[cart](w, r, err)
		})
		r := httptest.NewRequest("GET", "/x", nil)
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		r = r.WithContext(ctx)
		r.Header.Set("Cookie", cookie)
		w := recorder()
		a.Handler(a.mux).ServeHTTP(w, r)
		if got := st.calls(); got != "" || w.Code != http.StatusServiceUnavailable {
			t.Errorf("calls %q, %d", got, w.Code)
		}
	})
}

// A context that bounds the load alone has ended when the session is saved.
func TestATimeoutForTheLoadAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, newStore(), nil)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), time.Second)
			s, err := middleware.FromContext[cart](ctx)
			if cancel(); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Minute)
			add(s)
		})
		if w := a.get("/x", cookie); w.Code != http.StatusOK {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		if c, _ := a.value(t, cookie); c.Items != 2 {
			t.Errorf("%d items", c.Items)
		}
	})
}

// The operator learns of it without an alarm about the store.
func TestATimeoutIsLoggedAsAWarning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m, err := middleware.New(newStore(), &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		timeoutHandler(m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			<-r.Context().Done()
		})), time.Second).ServeHTTP(recorder(), httptest.NewRequest("GET", "/", nil))
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "level=WARN") || strings.Contains(got, "ERROR") || !strings.Contains(got, "timeout") {
			t.Errorf("log %q", got)
		}
	})
}

// A handler that commits when its time has passed is told so. The store has not failed.
func TestACommitAfterATimeoutIsNoFailureOfTheStore(t *testing.T) {
	t.Parallel()
	for place, within := range map[string]bool{"around": false, "within": true} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprint(place, ", Fail ", fails), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := newStore()
					a := newApp(t, st, nil)
					cookie := a.visit(t, cart{Items: 1})
					var h http.Handler = middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
						add(s)
						time.Sleep(2 * time.Minute)
						a.kinds()
						st.calls()
						err := s.Commit(r.Context())
						if calls := st.calls(); !errors.Is(err, session.ErrTimeout) || errors.Is(err, session.ErrUnavailable) || calls != "" {
							t.Errorf("Commit: %v, calls %q", err, calls)
						}
						if fails {
							middleware.Fail[cart](w, r, err)
						}
					})
					if within {
						h = a.Handler(contextTimeout(h, time.Minute))
					} else {
						h = contextTimeout(a.Handler(h), time.Minute)
					}
					w, r := recorder(), httptest.NewRequest("GET", "/", nil)
					r.Header.Set("Cookie", cookie)
					h.ServeHTTP(w, r)
					if kinds := a.kinds(); slices.Contains(kinds, session.EventFailed) {
						t.Errorf("events %v", kinds)
					}
					if c, _ := a.value(t, cookie); c.Items != 1 || w.Code != http.StatusServiceUnavailable && w.Code != http.StatusGatewayTimeout {
						t.Errorf("status %d, %d items", w.Code, c.Items)
					}
				})
			})
		}
	}
}
