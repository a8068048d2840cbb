package middleware_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A page outside of Cookie.Path must not give the browser a cookie that overwrites the
// one below it. It can read, and a change is refused.
func TestChangesOutsideOfTheCookiesPath(t *testing.T) {
	t.Parallel()
	strip := func(h http.Handler) http.Handler { return http.StripPrefix("/app", h) }
	for name, test := range map[string]struct {
		cookie, target string
		header         map[string]string
		around         func(http.Handler) http.Handler
		refused        bool
	}{
		"below":                  {"/app", "/app/items", nil, nil, false},
		"the path itself":        {"/app", "/app", nil, nil, false},
		"outside":                {"/app", "/other", nil, nil, true},
		"above":                  {"/app", "/", nil, nil, true},
		"beside":                 {"/app", "/apple", nil, nil, true},
		"beside, with a slash":   {"/app/", "/app", nil, nil, true},
		"two slashes":            {"/app", "//example.com/app/items", nil, nil, true},
		"a query":                {"/app", "/other?x=/app", nil, nil, true},
		"another case":           {"/app", "/APP", nil, nil, true},
		"everywhere":             {"/", "/other", nil, nil, false},
		"stripped":               {"/app", "/app/items", nil, strip, false},
		"an absolute target":     {"/app", "http://example.com/app/items?q", nil, strip, false},
		"a proxy's prefix":       {"/app", "/items", map[string]string{"X-Forwarded-Prefix": "/app/"}, nil, false},
		"another prefix":         {"/app", "/items", map[string]string{"X-Forwarded-Prefix": "/blog"}, nil, true},
		"a browser that sent it": {"/app", "/items", map[string]string{"Cookie": "__Secure-session_id=" + newToken().Reveal()}, nil, false},
		"another cookie":         {"/app", "/items", map[string]string{"Cookie": "x=y"}, nil, true},
	} {
		for _, explicit := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var log bytes.Buffer
				st := newStore()
				m, err := middleware.New(st, &middleware.Options{Cookie: middleware.Cookie{Path: test.cookie}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if err != nil {
					t.Fatal(err)
				}
				serve := func(h func(w http.ResponseWriter, r *http.Request, s *session.Session[cart])) *httptest.ResponseRecorder {
					all := m.Handler(middleware.Handle(h))
					if test.around != nil {
						all = test.around(all)
					}
					r := httptest.NewRequest("GET", "/", nil)
					r.RequestURI = test.target
					if r.URL, err = url.ParseRequestURI(test.target); err != nil { // as the server does
						t.Fatal(err)
					}
					for name, value := range test.header {
						r.Header.Set(name, value)
					}
					w := recorder()
					all.ServeHTTP(w, r)
					return w
				}
				for range 2 {
					w := serve(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
						add(s)
						if err := s.Commit(r.Context()); explicit && (err != nil) != test.refused {
							t.Errorf("Commit: %v", err)
						}
					})
					if refused := w.Code == http.StatusInternalServerError; refused != test.refused || (w.Header()["Set-Cookie"] == nil) != test.refused {
						t.Errorf("%d %v", w.Code, w.Header())
					}
				}
				if test.refused && st.live(t) != 0 {
					t.Error("a session is stored")
				}
				if told := strings.Count(log.String(), "X-Forwarded-Prefix"); (told == 1) != test.refused {
					t.Errorf("log %q", log.String())
				}
				if w := serve(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { s.Value() }); w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
					t.Errorf("a read: %d %v", w.Code, w.Header())
				}
			})
		}
	}
}
