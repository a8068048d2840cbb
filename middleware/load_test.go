package middleware_test

import (
	"bytes"
	"context"
	"errors"
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
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestGetGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
			st.delay = 500 * time.Millisecond
			go middleware.Get[cart](r)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, err := middleware.FromContext[cart](ctx); err == nil || time.Since(start) != 50*time.Millisecond {
				t.Errorf("error %v after %v with a context of 50ms", err, time.Since(start))
			}
		})
		a.get("/x", cookie)
		time.Sleep(time.Second) // the store is still at it
	})
}

func TestNothingForNothing(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.calls()

	w := a.get("/nothing", cookie)
	if st.calls() != "" || setCookie(t, w) != "" || w.Header().Get("Vary") != "" || w.Header().Get("Cache-Control") != "" {
		t.Errorf("a request that does not use its session: %v", w.Header())
	}
	for range 100 {
		w := a.get("/show", "")
		if st.calls() != "" || setCookie(t, w) != "" {
			t.Fatal("a visitor who only reads is given a session")
		}
		if w.Header().Get("Vary") != "Cookie" {
			t.Fatal("no Vary on a response that used the session")
		}
	}
	for range 10 {
		a.get("/show", cookie)
	}
	if got := st.calls(); got != strings.TrimSpace(strings.Repeat("Load ", 10)) {
		t.Errorf("ten reads make the calls %q", got)
	}
	if st.live(t) != 1 {
		t.Errorf("%d sessions are stored", st.live(t))
	}
}

func TestAnUnknownTokenIsNotAdopted(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	madeUp := cookieName + "=" + newToken().Reveal()
	got := setCookie(t, a.get("/add", madeUp))
	if got == "" || got == madeUp {
		t.Errorf("cookie %q", got)
	}
	if _, ok := a.value(t, madeUp); ok {
		t.Error("adopted")
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"Load", "Save"} {
		t.Run(op, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, nil)
			cookie := a.visit(t, cart{Items: 1})
			st.fail(op, errDown)
			w := a.get("/add", cookie)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header()["Set-Cookie"] != nil {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if body := w.Body.String(); strings.Contains(body, "added") || strings.Contains(body, errDown.Error()) {
				t.Errorf("body %q", body)
			}
			if w := a.get("/nothing", cookie); w.Code != http.StatusOK {
				t.Error("a page without a session fails too")
			}
			if !slices.Contains(a.kinds(), session.EventFailed) {
				t.Error("not reported")
			}
		})
	}
}

func TestGetSaysUnavailableEachTimeAndAsksOnce(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.calls()
	st.fail("Load", errDown)
	a.mux.HandleFunc("/twice", func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			if _, err := middleware.Get[cart](r); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
	})
	a.get("/twice", cookie)
	if got := st.calls(); got != "Load" {
		t.Errorf("calls %q", got)
	}
}

// A caller who asks with little time, and gets nothing, has not decided it for
// the request.
func TestAnImpatientCallerDecidesForHimselfOnly(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		if _, err := middleware.FromContext[cart](ctx); !errors.Is(err, session.ErrUnavailable) {
			t.Error(err)
		}
		if s, err := middleware.Get[cart](r); err != nil || s.Value().Items != 1 {
			t.Error(s, err)
		}
	})
	if w := a.get("/", cookie); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestNoMiddleware(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	if _, err := middleware.Get[cart](r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("got %v", err)
	}
	w := httptest.NewRecorder()
	middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) { t.Error("called") }).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

func TestASessionOfAnotherType(t *testing.T) {
	t.Parallel()
	visits, err := middleware.New(memstore.New[visit](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "visits"}})
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, newStore(), nil)
	for name, test := range map[string]struct {
		around func(http.Handler) http.Handler
		want   []string
	}{
		"no manager":   {func(h http.Handler) http.Handler { return h }, []string{"middleware_test.cart", "no manager's handler"}},
		"another type": {visits.Handler, []string{"middleware_test.cart", "have the types middleware_test.visit", "Manager[middleware_test.cart]"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			h := test.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, got = middleware.Get[cart](r) }))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			if !errors.Is(got, session.ErrNoSession) {
				t.Fatalf("got %v", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got.Error(), want) {
					t.Errorf("%q lacks %q", got, want)
				}
			}
		})
	}
	t.Run("in the log", func(t *testing.T) {
		type forgotten struct{ Items int }
		var log bytes.Buffer
		m, err := middleware.New(newStore(), &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		h := m.Handler(middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[forgotten]) { t.Error("called") }))
		for range 3 {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != http.StatusInternalServerError {
				t.Errorf("%d %q", w.Code, w.Body)
			}
		}
		if strings.Count(log.String(), "no session of type middleware_test.forgotten") != 1 {
			t.Errorf("logged %q", log.String())
		}
	})
	t.Run("nil handlers", func(t *testing.T) {
		for name, f := range map[string]func(){
			"Handle":  func() { middleware.Handle[cart](nil) },
			"Handler": func() { a.Handler(nil) },
		} {
			func() {
				defer func() {
					if p, _ := recover().(string); !strings.Contains(p, name+": the handler is nil") {
						t.Errorf("%s panics with %q", name, p)
					}
				}()
				f()
			}()
		}
	})
}
