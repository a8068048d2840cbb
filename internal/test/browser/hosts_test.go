package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/browser"
	"github.com/seed48429006/sessions/stores/memstore"
)

type visit struct{ Count int }

// counter returns a handler that counts visits.
func counter(t *testing.T, o *sessions.Options) http.Handler {
	t.Helper()
	visits, err := sessions.New(memstore.New[visit](nil), o)
	if err != nil {
		t.Fatal(err)
	}
	return visits.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[visit]) {
		if strings.HasSuffix(r.URL.Path, "/favicon.ico") {
			return
		}
		s.Update(func(v *visit) { v.Count++ })
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<body>visit %d", s.Value().Count)
	}))
}

// serveTLS serves a handler and returns the server's port.
func serveTLS(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// walk opens pages and fails the test for each that does not show its text.
func walk(tab *browser.Tab, steps [][2]string) {
	for _, step := range steps {
		tab.Go(step[0])
		tab.Shows(step[1])
	}
}

// names returns the names and paths of the cookies that go to the page.
func names(tab *browser.Tab) (all []string) {
	for _, c := range tab.Cookies() {
		all = append(all, c.Name+" "+c.Path)
	}
	slices.Sort(all)
	return all
}

func TestCookiesOfTenants(t *testing.T) {
	browser.Require(t)
	port := serveTLS(t, counter(t, &sessions.Options{
		Secrets: [][]byte{[]byte(strings.Repeat("s", 32))},
		CookieFor: func(r *http.Request, c sessions.Cookie) sessions.Cookie {
			tenant, _, _ := strings.Cut(r.Host, ".")
			c.Name = tenant
			return c
		},
	}))
	acme, globex := "https://acme.shop.test:"+port, "https://globex.shop.test:"+port
	tab := browser.Open(t, browser.Options{}).Tab()
	walk(tab, [][2]string{{acme, "visit 1"}, {globex, "visit 1"}, {acme, "visit 2"}, {globex, "visit 2"}})
	if got := names(tab); !slices.Equal(got, []string{"__Host-globex /"}) {
		t.Errorf("the second tenant gets the cookies %q", got)
	}
}

func TestCookiesOfDomains(t *testing.T) {
	browser.Require(t)
	port := serveTLS(t, counter(t, &sessions.Options{
		Secrets: [][]byte{[]byte(strings.Repeat("s", 32))},
		CookieFor: func(r *http.Request, c sessions.Cookie) sessions.Cookie {
			host, _, _ := strings.Cut(r.Host, ":")
			_, c.Domain, _ = strings.Cut(host, ".")
			return c
		},
	}))
	tab := browser.Open(t, browser.Options{}).Tab()
	walk(tab, [][2]string{
		{"https://www.shop.test:" + port, "visit 1"}, {"https://www.store.test:" + port, "visit 1"},
		{"https://cart.shop.test:" + port, "visit 2"}, {"https://cart.store.test:" + port, "visit 2"},
	})
}

func TestCookiesOfTwoPrograms(t *testing.T) {
	browser.Require(t)
	for name, cookies := range map[string][2]string{"one name": {"", ""}, "two names": {"shop", "blog"}} {
		t.Run(name, func(t *testing.T) {
			shop := "https://www.shop.test:" + serveTLS(t, counter(t, &sessions.Options{Cookie: sessions.Cookie{Name: cookies[0]}}))
			blog := "https://www.shop.test:" + serveTLS(t, counter(t, &sessions.Options{Cookie: sessions.Cookie{Name: cookies[1]}}))
			second := "visit 2"
			if name == "one name" {
				second = "visit 1" // each has lost its session to the other
			}
			walk(browser.Open(t, browser.Options{}).Tab(), [][2]string{{shop, "visit 1"}, {blog, "visit 1"}, {shop, second}, {blog, second}})
		})
	}
}

func TestCookiesOfTwoPaths(t *testing.T) {
	browser.Require(t)
	mux := http.NewServeMux()
	mux.Handle("/", counter(t, &sessions.Options{Cookie: sessions.Cookie{Name: "shop"}}))
	mux.Handle("/admin/", counter(t, &sessions.Options{Cookie: sessions.Cookie{Name: "admin", Path: "/admin"}}))
	at := "https://www.shop.test:" + serveTLS(t, mux)
	tab := browser.Open(t, browser.Options{}).Tab()
	walk(tab, [][2]string{{at + "/", "visit 1"}, {at + "/admin/", "visit 1"}, {at + "/", "visit 2"}, {at + "/admin/", "visit 2"}})
	if got := names(tab); !slices.Equal(got, []string{"__Host-shop /", "__Secure-admin /admin"}) {
		t.Errorf("below /admin go the cookies %q", got)
	}
}
