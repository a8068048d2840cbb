package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	walk "github.com/seed48429006/sessions/sessiontest/browser"
)

// byTenant gives each tenant, which is the first part of the host's name, a cookie of
// its own.
func byTenant(r *http.Request, c middleware.Cookie) middleware.Cookie {
	tenant, _, _ := strings.Cut(r.Host, ".")
	c.Name = "shop_" + tenant
	return c
}

// byDomain shares the cookie among the hosts of each domain.
func byDomain(r *http.Request, c middleware.Cookie) middleware.Cookie {
	_, c.Domain, _ = strings.Cut(r.Host, ".")
	return c
}

// newCounter returns a handler that counts visits.
func newCounter(tb testing.TB, st session.Store[cart], o *middleware.Options) http.Handler {
	tb.Helper()
	m, err := middleware.New(st, o)
	if err != nil {
		tb.Fatal(err)
	}
	return m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items++ })
		fmt.Fprint(w, "visit ", s.Value().Items)
	}))
}

// Tenants share a manager and a browser. Neither finds the other's session.
func TestCookieForTenants(t *testing.T) {
	t.Parallel()
	st := sessiontest.NewStore[cart](t)
	h := newCounter(t, st, &middleware.Options{CookieFor: byTenant, Secrets: [][]byte{[]byte(secretText)}})
	ada := sessiontest.NewClient(t, h)
	for _, step := range []struct{ url, want string }{
		{"https://acme.example.com/", "visit 1"},
		{"https://globex.example.com/", "visit 1"},
		{"https://acme.example.com/", "visit 2"},
		{"https://globex.example.com/", "visit 2"},
	} {
		ada.Get(step.url).Has(step.want)
	}
	acme, globex := ada.Cookie("__Host-shop_acme"), ada.Cookie("__Host-shop_globex")
	for name, value := range map[string]string{
		"its own":              acme.Value,
		"without a signature":  acme.Value[:tokenLen],
		"the other signature":  acme.Value[:tokenLen] + globex.Value[tokenLen:],
		"a tenant that is new": "",
	} {
		t.Run(name, func(t *testing.T) {
			st.Reset()
			r := httptest.NewRequest("GET", "https://globex.example.com/", nil)
			r.Header.Set("Cookie", "__Host-shop_globex="+value+"; __Host-shop_acme="+acme.Value)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Body.String(); got != "visit 1" {
				t.Errorf("a token of acme gives globex %q", got)
			}
			if slices.ContainsFunc(st.Calls(), func(c sessiontest.Call) bool { return c.Op == sessiontest.OpLoad }) {
				t.Error("it costs a look-up in the store")
			}
		})
	}
}

// One manager serves several domains, and the hosts below each share its session.
func TestCookieForDomains(t *testing.T) {
	t.Parallel()
	h := newCounter(t, sessiontest.NewStore[cart](t), &middleware.Options{CookieFor: byDomain, Secrets: [][]byte{[]byte(secretText)}})
	ada := sessiontest.NewClient(t, h)
	for _, step := range []struct{ url, want string }{
		{"https://www.shop.de/", "visit 1"},
		{"https://www.shop.fr/", "visit 1"},
		{"https://cart.shop.de/", "visit 2"},
		{"https://cart.shop.fr/", "visit 2"},
	} {
		ada.Get(step.url).Has(step.want)
	}
	if cookies := ada.Cookies(); len(cookies) != 2 || cookies[0].Name != "__Secure-session_id" || cookies[0].Domain != "shop.de" {
		t.Errorf("the browser has %v", cookies)
	}
}

// Everything about the cookie may depend on the request: how it is cleared, its
// signature, and what the browser is told when it has two of them.
func TestCookieForLogOut(t *testing.T) {
	t.Parallel()
	st := sessiontest.NewStore[cart](t)
	m, err := middleware.New(st, &middleware.Options{CookieFor: byTenant, Secrets: [][]byte{[]byte(secretText)}})
	if err != nil {
		t.Fatal(err)
	}
	ada := sessiontest.NewClient(t, m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		if r.URL.Path == "/logout" {
			s.Destroy()
			return
		}
		s.LogIn(func(c *cart) { c.Customer = "ada" })
	})))
	ada.Get("https://acme.example.com/").Told(sessiontest.CookieSet)
	ada.Get("https://globex.example.com/").Told(sessiontest.CookieSet)
	ada.Get("https://acme.example.com/").Told(sessiontest.CookieRenewed)
	sessiontest.Equal(t, sessiontest.Peek[cart](ada), cart{Customer: "ada"})
	ada.Post("https://acme.example.com/logout", nil).Told(sessiontest.CookieCleared)
	if cookies := ada.Cookies(); len(cookies) != 1 || cookies[0].Name != "__Host-shop_globex" {
		t.Errorf("the browser has %v", cookies)
	}
}

func TestCookieForIsCheckedOnce(t *testing.T) {
	t.Parallel()
	secrets := [][]byte{[]byte(secretText)}
	for name, tt := range map[string]struct {
		o    middleware.Options
		want string
	}{
		"no secrets": {middleware.Options{}, "set Secrets too"},
		"unsigned":   {middleware.Options{Secrets: secrets, AcceptUnsigned: true}, "unset AcceptUnsigned"},
		"devices":    {middleware.Options{Secrets: secrets, DeviceBound: middleware.DeviceBound{Enabled: true}}, "unset CookieFor"},
		"a header":   {middleware.Options{Secrets: secrets, Transport: middleware.CookieOrHeader("X-Token")}, "unset Transport"},
		"the cookie": {middleware.Options{Secrets: secrets, Cookie: middleware.Cookie{Path: "x"}}, "Cookie.Path"},
	} {
		tt.o.CookieFor = byTenant
		m, err := middleware.New(newStore(), &tt.o)
		if m != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A cookie that browsers would refuse makes the request fail, and not the visitor
// anonymous. Pages without a session work.
func TestCookieForIsCheckedForEachRequest(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var events []session.Event
	st := sessiontest.NewStore[cart](t)
	m, err := middleware.New(st, &middleware.Options{
		Secrets: [][]byte{[]byte(secretText)},
		CookieFor: func(r *http.Request, c middleware.Cookie) middleware.Cookie {
			c.Name = r.Header.Get("X-Tenant")
			return c
		},
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		Observe: func(_ context.Context, e session.Event) { events = append(events, e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	serve := func(tenant string, next http.Handler) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Tenant", tenant)
		m.Handler(next).ServeHTTP(w, r)
		return w
	}
	counts := middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items++ })
	})
	for range 2 {
		if w := serve("a b", counts); w.Code != http.StatusInternalServerError || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("status %d, %v", w.Code, w.Header())
		}
	}
	if len(events) != 2 || events[0].Kind != session.EventFailed || !strings.Contains(events[0].Err.Error(), `Options.CookieFor: Cookie.Name is "a b"`) {
		t.Errorf("the events are %v", events)
	}
	if !strings.Contains(log.String(), "Options.CookieFor") {
		t.Errorf("the log says %q", &log)
	}
	if w := serve("a b", http.NotFoundHandler()); w.Code != http.StatusNotFound {
		t.Errorf("a page without a session has status %d", w.Code)
	}
	if w := serve("acme", counts); !strings.HasPrefix(w.Header().Get("Set-Cookie"), "__Host-acme=") {
		t.Errorf("a good one gives %v", w.Header())
	}
}

// Clients choose the host. The manager does not keep a cookie for each.
func TestCookieForAnyNumberOfHosts(t *testing.T) {
	t.Parallel()
	h := newCounter(t, newStore(), &middleware.Options{CookieFor: byTenant, Secrets: [][]byte{[]byte(secretText)}})
	visit := func(host, cookie string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("GET", "https://"+host+"/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookie)
		h.ServeHTTP(w, r)
		return w
	}
	first := visit("acme.example.com", "").Result().Cookies()[0]
	for i := range 3000 {
		visit(fmt.Sprintf("host%d.example.com", i), "")
	}
	if got := visit("acme.example.com", first.Name+"="+first.Value).Body.String(); got != "visit 2" {
		t.Errorf("after many hosts, the first cookie gives %q", got)
	}
}

// Nor does it keep what clients send as the host, be it long or the host of a visitor
// with a session, and it logs little of it.
func TestCookieForKeepsFewHosts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		length, visits, most int
	}{
		"long":  {100_000, 50, 0},
		"valid": {200, 4000, 2100}, // two times 1024, and more that the machine may still hold
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			m, err := middleware.New(newStore(), &middleware.Options{
				Secrets:   [][]byte{[]byte(secretText)},
				Logger:    slog.New(slog.NewTextHandler(&log, nil)),
				CookieFor: func(r *http.Request, c middleware.Cookie) middleware.Cookie { c.Name = r.Host; return c },
			})
			if err != nil {
				t.Fatal(err)
			}
			h := m.Handler(middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[cart]) { add(s) }))
			server := new(http.Server)
			var hosts []weak.Pointer[byte]
			for i := range test.visits {
				host := fmt.Appendf(nil, "%0*d", test.length, i)
				hosts = append(hosts, weak.Make(&host[0]))
				r := httptest.NewRequest("GET", "/", nil)
				r.Host = unsafe.String(&host[0], len(host))
				h.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, server)))
			}
			runtime.GC()
			kept := 0
			for _, host := range hosts {
				if host.Value() != nil {
					kept++
				}
			}
			if kept > test.most+1 || log.Len() > 1000*test.visits {
				t.Errorf("%d of %d hosts are kept; %d bytes are logged", kept, test.visits, log.Len())
			}
			runtime.KeepAlive(h)
			runtime.KeepAlive(server)
		})
	}
}

// A manager for each path keeps sessions of its own: with names of their own wherever
// one path is below the other.
func TestTwoManagersForTwoPaths(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shop, admin middleware.Cookie
		want        []string // name and path
	}{
		"side by side, one name": {
			middleware.Cookie{Path: "/shop"}, middleware.Cookie{Path: "/admin"},
			[]string{"__Secure-session_id /shop", "__Secure-session_id /admin"},
		},
		"side by side": {
			middleware.Cookie{Name: "shop", Path: "/shop"}, middleware.Cookie{Name: "admin", Path: "/admin"},
			[]string{"__Secure-shop /shop", "__Secure-admin /admin"},
		},
		"the whole host": {
			middleware.Cookie{Name: "shop"}, middleware.Cookie{Name: "admin"},
			[]string{"__Host-shop /", "__Host-admin /"},
		},
		"one below the other": {
			middleware.Cookie{Name: "shop"}, middleware.Cookie{Name: "admin", Path: "/admin"},
			[]string{"__Host-shop /", "__Secure-admin /admin"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle("/shop/", newCounter(t, newStore(), &middleware.Options{Cookie: tt.shop}))
			mux.Handle("/admin/", newCounter(t, newStore(), &middleware.Options{Cookie: tt.admin}))
			ada := sessiontest.NewClient(t, mux)
			for i := range 3 {
				ada.Get("/shop/").Has(fmt.Sprint("visit ", i+1))
				ada.Get("/admin/").Has(fmt.Sprint("visit ", i+1))
			}
			var got []string
			for _, c := range ada.Cookies() {
				got = append(got, c.Name+" "+c.Path)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("the browser has %q, want %q", got, tt.want)
			}
		})
	}
}

// Cookies do not know ports (RFC 6265, section 8.5). Two programs on one host need
// names of their own.
func TestTwoProgramsOnOneHost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shop, blog middleware.Cookie
		want       string // at the third visit of each
	}{
		"one name":  {middleware.Cookie{}, middleware.Cookie{}, "visit 1"},
		"two names": {middleware.Cookie{Name: "shop"}, middleware.Cookie{Name: "blog"}, "visit 3"},
	} {
		t.Run(name, func(t *testing.T) {
			programs := map[string]http.Handler{
				"example.com:8443": newCounter(t, newStore(), &middleware.Options{Cookie: tt.shop}),
				"example.com:9443": newCounter(t, newStore(), &middleware.Options{Cookie: tt.blog}),
			}
			b, err := walk.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { programs[r.Host].ServeHTTP(w, r) }),
				&walk.Options{URL: "https://example.com:8443"})
			if err != nil {
				t.Fatal(err)
			}
			ada := sessiontest.BrowserClient(t, b.Tab())
			var last []string
			for range 3 {
				last = []string{ada.Get("https://example.com:8443/").Body, ada.Get("https://example.com:9443/").Body}
			}
			if last[0] != tt.want || last[1] != tt.want {
				t.Errorf("the third visits are %q", last)
			}
		})
	}
}

func ExampleOptions_cookieFor() {
	drafts := newDrafts(&middleware.Options{
		Secrets: [][]byte{[]byte("an example, which is no secret at all")},
		CookieFor: func(r *http.Request, c middleware.Cookie) middleware.Cookie {
			tenant, _, _ := strings.Cut(r.Host, ".")
			c.Name = "drafts_" + tenant
			return c
		},
	})
	h := drafts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, draft *session.Session[Draft]) {
		draft.Update(func(d *Draft) { d.Lines = append(d.Lines, "Dear Ada,") })
	}))
	for _, host := range []string{"acme.example.com", "globex.example.com"} {
		r := httptest.NewRequest("POST", (&url.URL{Scheme: "https", Host: host, Path: "/"}).String(), nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(host, w.Result().Cookies()[0].Name)
	}
	// Output:
	// acme.example.com __Host-drafts_acme
	// globex.example.com __Host-drafts_globex
}
