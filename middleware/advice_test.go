package middleware_test

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// logs returns what a manager with these options logs of a request that makes a
// session.
func logs(t *testing.T, o middleware.Options, r *http.Request) string {
	t.Helper()
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	m, err := middleware.New(newStore(), &o)
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) }))
	h.ServeHTTP(httptest.NewRecorder(), r)
	return log.String()
}

func TestAdviceOnPlainHTTP(t *testing.T) {
	t.Parallel()
	const header = "X-Session-Token"
	byHeader := middleware.Options{Transport: middleware.HeaderTransport(header)}
	byEither := middleware.Options{Transport: middleware.CookieOrHeader(header)}
	for name, test := range map[string]struct {
		o      middleware.Options
		host   string
		header http.Header
		want   bool
	}{
		"a Secure cookie":               {middleware.Options{}, "shop.example", nil, true},
		"a port":                        {middleware.Options{}, "shop.example:8080", nil, true},
		"an address":                    {middleware.Options{}, "192.0.2.7", nil, true},
		"a proxy without TLS":           {middleware.Options{}, "shop.example", http.Header{"X-Forwarded-Proto": {"HTTP"}}, true},
		"a proxy with TLS":              {middleware.Options{}, "shop.example", http.Header{"X-Forwarded-Proto": {"https"}}, false},
		"several proxies":               {middleware.Options{}, "shop.example", http.Header{"X-Forwarded-Proto": {"https, http"}}, false},
		"a standard proxy":              {middleware.Options{}, "shop.example", http.Header{"Forwarded": {"proto=https"}}, false},
		"an insecure cookie":            {middleware.Options{Cookie: middleware.Cookie{Insecure: true}}, "shop.example", nil, false},
		"a host below localhost":        {middleware.Options{}, "shop.localhost:8080", nil, false},
		"a loopback address":            {middleware.Options{}, "127.0.0.2", nil, false},
		"a loopback address, version 6": {middleware.Options{}, "[::1]:8080", nil, false},
		"a header for tokens":           {byHeader, "shop.example", nil, false},
		"either, by header":             {byEither, "shop.example", http.Header{header: {""}}, false},
		"either, by cookie":             {byEither, "shop.example", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "http://"+test.host+"/", nil)
			maps.Copy(r.Header, test.header)
			log := logs(t, test.o, r)
			if got := strings.Contains(log, "over plain http"); got != test.want || got != strings.Contains(log, "Cookie.Insecure") {
				t.Errorf("logged %q", log)
			}
		})
	}
}

func TestAdviceOnTwoCookies(t *testing.T) {
	t.Parallel()
	const header = "X-Session-Token"
	byHeader := middleware.Options{Transport: middleware.HeaderTransport(header)}
	byEither := middleware.Options{Transport: middleware.CookieOrHeader(header)}
	one, other := newToken().Reveal(), newToken().Reveal()
	cookies := http.Header{"Cookie": {cookieName + "=" + one + "; " + cookieName + "=" + other}}
	headers := http.Header{header: {one, other}}
	for name, test := range map[string]struct {
		o      middleware.Options
		header http.Header
		want   bool
	}{
		"two cookies":         {middleware.Options{}, cookies, true},
		"either, two cookies": {byEither, cookies, true},
		"two headers":         {byHeader, headers, false},
		"either, two headers": {byEither, headers, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "https://shop.example/", nil)
			r.Header = test.header.Clone()
			log := logs(t, test.o, r)
			if got := strings.Contains(log, "two different session cookies"); got != test.want || got != strings.Contains(log, "change Cookie.Name") {
				t.Errorf("logged %q", log)
			}
			if strings.Contains(log, one) || strings.Contains(log, other) {
				t.Errorf("a token is logged: %q", log)
			}
		})
	}
}

// A late change is a mistake in the program: it is no error of the store's, and the
// log says what to do.
func TestALateChangeIsLoggedWithAdvice(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m, err := middleware.New(newStore(), &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		io.WriteString(w, "begun")
		add(s)
	}))
	aborts(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://shop.example/", nil)) })
	for _, want := range []string{"level=WARN", "session late", "change the session before the first byte", "Options.HoldBack"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is missing in %q", want, log.String())
		}
	}
	if strings.Contains(log.String(), "unavailable") || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged %q", log.String())
	}
}

func TestAdviceIsLoggedOnce(t *testing.T) {
	t.Parallel()
	two := cookieName + "=" + newToken().Reveal() + "; " + cookieName + "=" + newToken().Reveal()
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

// Two managers for two routes of one server are told of each other's cookie, once.
func TestManagersSideBySide(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cart, visit middleware.Cookie
		hosts       [2]string
		told        int
	}{
		"one name":      {middleware.Cookie{}, middleware.Cookie{}, [2]string{"shop.test", "shop.test"}, 1},
		"two names":     {middleware.Cookie{}, middleware.Cookie{Name: "visits"}, [2]string{"shop.test", "shop.test"}, 0},
		"two hosts":     {middleware.Cookie{}, middleware.Cookie{}, [2]string{"shop.test", "admin.test"}, 0},
		"two paths":     {middleware.Cookie{Path: "/cart"}, middleware.Cookie{Path: "/visit"}, [2]string{"shop.test", "shop.test"}, 0},
		"one of a path": {middleware.Cookie{Path: "/"}, middleware.Cookie{}, [2]string{"shop.test", "shop.test"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			carts, err := middleware.New(newStore(), &middleware.Options{Cookie: test.cart, Logger: logger})
			visits, err2 := middleware.New(memstore.New[visit](nil), &middleware.Options{Cookie: test.visit, Logger: logger})
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			mux := http.NewServeMux()
			mux.Handle("/cart", carts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) })))
			mux.Handle("/visit", visits.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[visit]) {
				s.Update(func(v *visit) { v.Count++ })
			})))
			server := httptest.NewServer(mux)
			defer server.Close()
			cookie := ""
			for i, path := range []string{"/cart", "/cart", "/visit", "/visit", "/cart"} {
				r, _ := http.NewRequest("GET", server.URL+path, nil)
				if r.Host = test.hosts[0]; path == "/visit" {
					r.Host = test.hosts[1]
				}
				r.Header.Set("Cookie", cookie)
				r.Header.Set("X-Forwarded-Proto", "https")
				res, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if lines := res.Header["Set-Cookie"]; len(lines) > 0 {
					cookie, _, _ = strings.Cut(lines[0], ";")
				}
				if got := strings.Count(log.String(), "both use the cookie"); i == 1 && got != 0 || i == 2 && got != test.told {
					t.Errorf("request %d: log %q", i, log.String())
				}
			}
			if got := strings.Count(log.String(), "both use the cookie"); got != test.told {
				t.Errorf("log %q", log.String())
			}
		})
	}
}
