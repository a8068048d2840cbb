package middleware_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type visit struct{ Count int }

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

func TestOptionsThatLookLikeMistakes(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]middleware.Options{
		"Lifetime is 3.6µs; is a unit missing":   {Lifetime: 3600},
		"IdleTimeout is 60ns; is a unit missing": {IdleTimeout: 60},
		"SaveTimeout is 5ns; is a unit missing":  {SaveTimeout: 5},
		"browsers keep cookies for 400 days":     {Lifetime: 401 * 24 * time.Hour},
		`Cookie.Domain is "com"`:                 {Cookie: middleware.Cookie{Domain: "com"}},
		"HoldBack is -1":                         {HoldBack: -1},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := middleware.New(newStore(), &o)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Sessions of a type without SessionOwner cannot be found by owner, which must not
// look like success.
func TestOwnersOfATypeWithoutOwner(t *testing.T) {
	t.Parallel()
	m, err := middleware.New(memstore.New[visit](nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	var listed error
	for _, err := range m.List(t.Context(), "ada") {
		listed = err
	}
	_, all := m.RevokeAll(t.Context(), "ada")
	for name, err := range map[string]error{"List": listed, "RevokeAll": all, "Revoke": m.Revoke(t.Context(), "ada", session.ID{1})} {
		if !errors.Is(err, session.ErrUnsupported) || !strings.Contains(err.Error(), "middleware_test.visit has no method SessionOwner") {
			t.Errorf("%s returned %v", name, err)
		}
	}
}

func TestAdviceIsLoggedOnce(t *testing.T) {
	t.Parallel()
	two := cookieName + "=" + session.NewToken().Reveal() + "; " + cookieName + "=" + session.NewToken().Reveal()
	for name, test := range map[string]struct {
		target, cookie string
		header         string
		want           string
	}{
		"two cookies":       {"http://localhost/add", two, "", "two different session cookies"},
		"plain http":        {"http://shop.example/add", "", "", "over plain http"},
		"http on localhost": {"http://localhost:8080/add", "", "", ""},
		"http on 127.0.0.1": {"http://127.0.0.1:8080/add", "", "", ""},
		"https":             {"https://shop.example/add", "", "", ""},
		"a proxy with TLS":  {"http://shop.example/add", "", "X-Forwarded-Proto", ""},
		"a standard proxy":  {"http://shop.example/add", "", "Forwarded", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			m, err := middleware.New(newStore(), &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) }))
			for range 3 {
				r := httptest.NewRequest("GET", test.target, nil)
				if test.cookie != "" {
					r.Header.Set("Cookie", test.cookie)
				}
				if test.header != "" {
					r.Header.Set(test.header, "proto=https")
				}
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
			lines := strings.Count(log.String(), "\n")
			if want := min(1, len(test.want)); lines != want || !strings.Contains(log.String(), test.want) {
				t.Errorf("logged %q", log.String())
			}
		})
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
