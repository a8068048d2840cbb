package middleware_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// Loaded has the session as soon as something has asked for it, and asks for nothing
// itself.
func TestLoaded(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Customer: "ada"})
	check := func(r *http.Request, step, want string) {
		t.Helper()
		got := ""
		if s, ok := middleware.Loaded[cart](r.Context()); ok != (s != nil) {
			t.Errorf("%s: %v, %v", step, s, ok)
		} else if ok {
			got = s.Value().Customer
		}
		if got != want {
			t.Errorf("%s: the session is of %q, want %q", step, got, want)
		}
	}
	a.mux.HandleFunc("/loaded", func(w http.ResponseWriter, r *http.Request) {
		check(r, "before the session is asked for", "")
		if calls := st.calls(); calls != "" {
			t.Errorf("Loaded makes the calls %q", calls)
		}
		s, err := middleware.Get[cart](r)
		if err != nil {
			t.Error(err)
		}
		check(r, "after that", "ada")
		if again, _ := middleware.Loaded[cart](r.Context()); again != s {
			t.Error("it is another session")
		}
		if _, ok := middleware.Loaded[visit](r.Context()); ok {
			t.Error("a type without a manager has a session")
		}
	})
	a.mux.HandleFunc("/unused", func(w http.ResponseWriter, r *http.Request) { check(r, "in a request without use", "") })
	a.mux.HandleFunc("/down", func(w http.ResponseWriter, r *http.Request) {
		st.fail("Load", errDown)
		if _, err := middleware.Get[cart](r); err == nil {
			t.Error("no error")
		}
		check(r, "after a load that failed", "")
	})
	st.calls()
	a.get("/loaded", cookie)
	if w := a.get("/unused", cookie); w.Header().Get("Vary") != "" {
		t.Error("Loaded is a use of the session")
	}
	a.get("/down", cookie)

	r := httptest.NewRequest("GET", "/", nil)
	check(r, "without a manager", "")
	s := session.New(st, nil)
	s.Set(cart{Customer: "eve"})
	check(r.WithContext(middleware.NewContext(t.Context(), s)), "in a context that was given one", "eve")
}

// Code that only reads bounds nothing by its time: a log in the middle of a query that
// takes too long leaves the response and the session's changes as they are.
func TestLoadedWithinATimeout(t *testing.T) {
	t.Parallel()
	for name, logs := range map[string]struct{ before, after bool }{
		"before the time has passed": {true, false},
		"afterwards":                 {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApp(t, newStore(), nil)
				cookie := a.visit(t, cart{Items: 1})
				log := func(ctx context.Context) {
					if _, ok := middleware.Loaded[cart](ctx); !ok {
						t.Error("the session is not loaded")
					}
				}
				a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					add(s)
					query, cancel := context.WithTimeout(r.Context(), time.Second)
					defer cancel()
					if logs.before {
						log(query)
					}
					<-query.Done()
					if logs.after {
						log(query)
					}
					io.WriteString(w, "without the offers")
				})
				w := a.get("/", cookie)
				if c, _ := a.value(t, cookie); w.Code != http.StatusOK || c.Items != 2 {
					t.Errorf("status %d, and %d items are stored", w.Code, c.Items)
				}
			})
		})
	}
}
