package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// visitWith makes a request as a browser with this jar would.
func (a *app) visitWith(t *testing.T, jar http.CookieJar, target string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	for _, c := range jar.Cookies(u) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	a.Handler(a.mux).ServeHTTP(w, r)
	jar.SetCookies(u, w.Result().Cookies())
	return w
}

// A browser that holds a cookie of an earlier configuration must not stay anonymous
// after every log-in.
func TestALogInClearsTheCookieOfAnEarlierConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, now middleware.Cookie }{
		"a longer path":  {middleware.Cookie{Path: "/app/v1"}, middleware.Cookie{Path: "/app"}},
		"a shorter path": {middleware.Cookie{Path: "/app"}, middleware.Cookie{Path: "/app/v1"}},
		"a slash":        {middleware.Cookie{Path: "/app/"}, middleware.Cookie{Path: "/app"}},
		"a domain above": {middleware.Cookie{Domain: "example.org"}, middleware.Cookie{Domain: "shop.example.org"}},
		"a dotted domain": {middleware.Cookie{Domain: "eu.shop.example.org"},
			middleware.Cookie{Domain: ".Example.ORG"}},
		"plain http, a path":   {middleware.Cookie{Insecure: true, Path: "/app"}, middleware.Cookie{Insecure: true}},
		"plain http, a domain": {middleware.Cookie{Insecure: true, Domain: "example.org"}, middleware.Cookie{Insecure: true}},
		"plain http, the host": {middleware.Cookie{Insecure: true}, middleware.Cookie{Insecure: true, Domain: "example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			const target = "https://eu.shop.example.org:8443/app/v1/"
			st := newStore()
			jar, _ := cookiejar.New(nil)
			var owner string
			apps := map[string]*app{}
			for which, cookie := range map[string]middleware.Cookie{"old": test.old, "now": test.now} {
				a := newApp(t, st, &middleware.Options{Cookie: cookie})
				a.handle("/app/v1/login", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					owner = s.Value().Customer
					s.LogIn(func(c *cart) { c.Customer = "ada" })
				})
				a.handle("/app/v1/show", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					fmt.Fprint(w, s.Value().Customer)
				})
				apps[which] = a
			}
			apps["old"].visitWith(t, jar, target+"login")
			apps["now"].visitWith(t, jar, target+"login") // the old cookie is taken for ours, and stays
			apps["now"].visitWith(t, jar, target+"login")
			if owner != "" {
				t.Errorf("one of two cookies was adopted: it is %s's", owner)
			}
			if got := apps["now"].visitWith(t, jar, target+"show").Body.String(); got != "ada" {
				t.Errorf("after the log-in the visitor is %q", got)
			}
		})
	}
}

func TestClearedCookies(t *testing.T) {
	t.Parallel()
	two := func(name string) string {
		return name + "=" + newToken().Reveal() + "; " + name + "=" + newToken().Reveal()
	}
	const deep = "/a/b/c/d/e/f/g/h/i/j/k"
	for name, test := range map[string]struct {
		cookie             middleware.Cookie
		name, host, path   string
		cleared, uncleared []string
		count              int
	}{
		"the default": {middleware.Cookie{}, "__Host-session_id", "shop.example.org", "/a/b",
			[]string{"; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax; Partitioned"}, nil, 1},
		"partitioned": {middleware.Cookie{Partitioned: true}, "__Host-session_id", "shop.example.org", "/a/b",
			[]string{"; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"}, nil, 1},
		"a path": {middleware.Cookie{Path: "/a"}, "__Secure-session_id", "shop.example.org", "/a/b",
			[]string{"Path=/a/b;", "Path=/a/;", "Domain=example.org;", "Domain=shop.example.org;"}, []string{"Domain=org", "Path=/;"}, 5},
		"an address": {middleware.Cookie{Insecure: true}, "session_id", "192.0.2.7:8080", "/",
			nil, []string{"Domain"}, 0},
		"a hostile path": {middleware.Cookie{Insecure: true}, "session_id", "localhost", "/x;%20Domain=evil.example/%0d%0aY/z",
			nil, []string{"evil"}, 1},
		"a hostile host": {middleware.Cookie{Insecure: true}, "session_id", "x.y;Domain=evil.example", "/",
			nil, nil, 0},
		"a deep path": {middleware.Cookie{Insecure: true}, "session_id", "shop.example.org", deep,
			[]string{"Path=/a;", "Path=/a/b;"}, nil, 10},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), &middleware.Options{Cookie: test.cookie})
			h := a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				if r.Method == "POST" {
					add(s)
				}
			}))
			send := func(method, cookie string) []string {
				r := httptest.NewRequest(method, "http://localhost"+test.path, nil)
				r.Host = test.host
				r.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w.Header()["Set-Cookie"]
			}
			lines := send("POST", two(test.name))
			if len(lines) == 0 || strings.HasPrefix(lines[len(lines)-1], test.name+"=;") {
				t.Fatalf("the last cookie is not the new one: %q", lines)
			}
			lines = lines[:len(lines)-1]
			if len(lines) != test.count {
				t.Errorf("clears %d cookies: %q", len(lines), lines)
			}
			for _, line := range lines {
				if !strings.HasPrefix(line, test.name+"=; Max-Age=0; ") {
					t.Errorf("cookie %q", line)
				}
			}
			all := strings.Join(lines, "\n")
			for _, want := range test.cleared {
				if !strings.Contains(all, want) {
					t.Errorf("%q is missing in\n%s", want, all)
				}
			}
			for _, bad := range test.uncleared {
				if strings.Contains(all, bad) {
					t.Errorf("%q is in\n%s", bad, all)
				}
			}
			if lines := send("GET", two(test.name)); lines != nil {
				t.Errorf("without a token to send: %q", lines)
			}
			if lines := send("POST", ""); len(lines) != 1 {
				t.Errorf("without two cookies: %q", lines)
			}
			if kinds := a.kinds(); !slices.Contains(kinds, session.EventRejected) {
				t.Errorf("events %v", kinds)
			}
		})
	}
}

// A large request costs no more than a small one, apart from being read.
// Not in parallel: the allocations counted are those of the whole process.
func TestALargeRequestCostsLittle(t *testing.T) {
	const size = 1 << 18
	long := func(part string) string { return strings.Repeat(part, size/len(part)) }
	for name, cookie := range map[string]middleware.Cookie{
		"the default": {},
		"a path":      {Path: "/a"},
		"a domain":    {Domain: "example.org"},
		"insecure":    {Insecure: true},
		"both":        {Insecure: true, Path: "/a", Domain: "example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), &middleware.Options{Cookie: cookie})
			h := a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) }))
			prefix := "__Host-"
			switch {
			case cookie.Insecure:
				prefix = ""
			case cookie != (middleware.Cookie{}):
				prefix = "__Secure-"
			}
			two := prefix + "session_id=" + newToken().Reveal() + "; " + prefix + "session_id=" + newToken().Reveal()
			cost := func(host, path, cookies string, more map[string]string) float64 {
				r := httptest.NewRequest("GET", "http://localhost/", nil)
				r.Host, r.URL.Path = host, path
				r.Header.Set("Cookie", cookies)
				for name, value := range more {
					r.Header.Set(name, value)
				}
				return testing.AllocsPerRun(1, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
			}
			const most = 500
			for what, got := range map[string]float64{
				"path":              cost("localhost", "/a/"+long("/"), two, nil),
				"parts of a path":   cost("localhost", "/a/"+long("ab/"), two, nil),
				"escapes in a path": cost("localhost", "/a/"+long("/%"), two, nil),
				"host":              cost(long("a."), "/a/", two, nil),
				"address":           cost("["+long("1:")+"]", "/a/", two, nil),
				"cookies":           cost("localhost", "/a/", two+"; "+long("x=y; "), nil),
				"cookies of ours":   cost("localhost", "/a/", two+"; "+long(prefix+"session_id=x; "), nil),
				"proxies":           cost("localhost", "/a/", two, map[string]string{"Forwarded": long("for=a,"), "X-Forwarded-Proto": long("http,")}),
			} {
				if got > most {
					t.Errorf("%s: %v allocations", what, got)
				}
			}
		})
	}
}
