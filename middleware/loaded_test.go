package middleware_test

import (
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

// A deadline of the context bounds the use of the session, also if it was loaded before.
func TestLoadedWithinATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, newStore(), nil)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.Handle("/", timeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, _ := middleware.Loaded[cart](r.Context())
			add(s)
			time.Sleep(2 * time.Minute)
		}), time.Minute))
		h := a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			middleware.Get[cart](r)
			a.mux.ServeHTTP(w, r)
		}))
		w, r := recorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		h.ServeHTTP(w, r)
		if c, _ := a.value(t, cookie); w.Code != http.StatusServiceUnavailable || c.Items != 1 {
			t.Errorf("status %d, and %d items are stored", w.Code, c.Items)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
	})
}
