package browser_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/sessiontest/browser"
)

// newTab returns a tab over a handler.
func newTab(t *testing.T, h http.HandlerFunc, o *browser.Options) *browser.Tab {
	t.Helper()
	b, err := browser.New(h, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Tab()
}

// echo answers with the headers in which browsers say where a request comes from.
func echo(w http.ResponseWriter, r *http.Request) {
	if policy := r.URL.Query().Get("policy"); policy != "" {
		w.Header().Set("Referrer-Policy", policy)
	}
	if to := r.URL.Query().Get("to"); to != "" {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		return
	}
	h := r.Header
	fmt.Fprintf(w, "%s origin=%s referer=%s site=%s mode=%s dest=%s user=%s", r.Method,
		h.Get("Origin"), h.Get("Referer"), h.Get("Sec-Fetch-Site"), h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest"), h.Get("Sec-Fetch-User"))
}

func TestHeaders(t *testing.T) {
	const page = " mode=navigate dest=document user=?1"
	const script = " mode=cors dest=empty user="
	for _, test := range []struct{ name, from, method, to, want string }{
		{"typed", "", "GET", "/", "GET origin= referer= site=none" + page},
		{"typed, redirected", "", "GET", "/?to=https://other.test/", "GET origin= referer= site=none" + page},
		{"form in a new tab", "", "POST", "/", "POST origin=https://example.com referer=https://example.com/ site=same-origin" + page},
		{"link", "/a?b=1#c", "GET", "/", "GET origin= referer=https://example.com/a?b=1 site=same-origin" + page},
		{"form", "/a", "POST", "/", "POST origin=https://example.com referer=https://example.com/a site=same-origin" + page},
		{"another host of the site", "https://www.example.com/a", "POST", "/", "POST origin=https://www.example.com referer=https://www.example.com/ site=same-site" + page},
		{"another port", "https://example.com:8443/a", "POST", "/", "POST origin=https://example.com:8443 referer=https://example.com:8443/ site=same-site" + page},
		{"default port", "https://example.com:443/a", "POST", "/", "POST origin=https://example.com referer=https://example.com:443/a site=same-origin" + page},
		{"another site's link", "https://evil.test/a", "GET", "/", "GET origin= referer=https://evil.test/ site=cross-site" + page},
		{"another site's form", "https://evil.test/a", "POST", "/", "POST origin=https://evil.test referer=https://evil.test/ site=cross-site" + page},
		{"by way of another site", "/a", "POST", "https://other.test/?to=https://example.com/", "POST origin=null referer=https://example.com/a site=cross-site" + page},
		{"by way of another site, to the site", "/a", "GET", "https://other.test/?to=https://www.example.com/", "GET origin= referer=https://example.com/ site=cross-site" + page},
		{"by way of the site", "/a", "POST", "/?to=/b", "POST origin=https://example.com referer=https://example.com/a site=same-origin" + page},
		{"from http", "http://example.com/a", "POST", "/", "POST origin=http://example.com referer=http://example.com/ site=cross-site" + page},
		{"to http", "/a", "POST", "http://example.com/", "POST origin=null referer= site= mode= dest= user="},
		{"to localhost", "/a", "GET", "http://localhost/", "GET origin= referer=https://example.com/ site=cross-site" + page},
		{"script", "/a", "fetch GET", "/", "GET origin= referer=https://example.com/a site=same-origin" + script},
		{"script that writes", "/a", "fetch DELETE", "/", "DELETE origin=https://example.com referer=https://example.com/a site=same-origin" + script},
		{"another site's script", "https://evil.test/", "fetch GET", "/", "GET origin=https://evil.test referer=https://evil.test/ site=cross-site" + script},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := newTab(t, echo, nil)
			if test.from != "" {
				if err := tab.Show(test.from); err != nil {
					t.Fatal(err)
				}
			}
			if got := visit(t, tab, test.method, test.to).Body; got != test.want {
				t.Errorf("the request has\n%s, not\n%s", got, test.want)
			}
		})
	}
}

// visit takes a step.
func visit(t *testing.T, tab *browser.Tab, method, to string) *browser.Page {
	t.Helper()
	var page *browser.Page
	var err error
	switch method {
	case "GET":
		page, err = tab.Get(t.Context(), to)
	case "POST":
		page, err = tab.Post(t.Context(), to, url.Values{"a": {"1"}})
	default:
		page, err = tab.Fetch(t.Context(), strings.TrimPrefix(method, "fetch "), to, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// The Referer and, after a form, the Origin that a page with a policy lets go.
func TestReferrerPolicy(t *testing.T) {
	const root, host = "https://example.com/", "https://example.com"
	for policy, want := range map[string][3][2]string{ // to the same origin, to another one, to http
		"":                                {{"page", host}, {root, host}, {"", "null"}},
		"wrong":                           {{"page", host}, {root, host}, {"", "null"}},
		"no-referrer":                     {{"", "null"}, {"", "null"}, {"", "null"}},
		"no-referrer-when-downgrade":      {{"page", host}, {"page", host}, {"", "null"}},
		"same-origin":                     {{"page", host}, {"", "null"}, {"", "null"}},
		"origin":                          {{root, host}, {root, host}, {root, host}},
		"strict-origin":                   {{root, host}, {root, host}, {"", "null"}},
		"origin-when-cross-origin":        {{"page", host}, {root, host}, {root, host}},
		"strict-origin-when-cross-origin": {{"page", host}, {root, host}, {"", "null"}},
		"unsafe-url":                      {{"page", host}, {"page", host}, {"page", host}},
		"unsafe-url, Same-Origin, new":    {{"page", host}, {"", "null"}, {"", "null"}},
	} {
		for i, to := range []string{"/", "https://other.test/", "http://example.com/"} {
			tab := newTab(t, echo, nil)
			visit(t, tab, "GET", "/?policy="+url.QueryEscape(policy))
			got := visit(t, tab, "POST", to).Body
			referer := want[i][0]
			if referer == "page" {
				referer = "https://example.com/?policy=" + url.QueryEscape(policy)
			}
			if line := fmt.Sprintf("POST origin=%s referer=%s site=", want[i][1], referer); !strings.HasPrefix(got, line) {
				t.Errorf("%q, to %s:\n%s, not\n%s", policy, to, got, line)
			}
		}
	}
}

func TestRedirects(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if status, ok := strings.CutPrefix(r.URL.Path, "/go/"); ok {
			var code int
			fmt.Sscan(status, &code)
			http.Redirect(w, r, "/end", code)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
	}
	const form = " application/x-www-form-urlencoded a=1"
	for status, want := range map[int][2]string{ // after a form, and after a script's PUT
		301: {"GET  ", "PUT application/json {}"},
		302: {"GET  ", "PUT application/json {}"},
		303: {"GET  ", "GET  "},
		307: {"POST" + form, "PUT application/json {}"},
		308: {"POST" + form, "PUT application/json {}"},
	} {
		tab := newTab(t, h, nil)
		path := fmt.Sprintf("/go/%d", status)
		page := visit(t, tab, "POST", path)
		if page.Body != want[0] || page.URL.Path != "/end" || page.String() != fmt.Sprintf("POST %s %d, %s /end 200", path, status, want[0][:strings.Index(want[0], " ")]) {
			t.Errorf("%s: %s", page, page.Body)
		}
		page, err := tab.Fetch(t.Context(), "put", path, "{}")
		if err != nil || page.Body != want[1] {
			t.Errorf("%d: %s, %v", status, page.Body, err)
		}
	}
}

func TestRedirectsThatLeadNowhere(t *testing.T) {
	for path, want := range map[string]string{
		"/loop": "more than 20 redirects", "/mail": "no web page", "/bad": "a redirect to",
	} {
		tab := newTab(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", map[string]string{"/loop": "/loop", "/mail": "mailto:a@b.c", "/bad": "http://a b/"}[r.URL.Path])
			w.WriteHeader(http.StatusFound)
		}, nil)
		if _, err := tab.Get(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The fragment is the new URL's, or else the old one's.
func TestFragments(t *testing.T) {
	tab := newTab(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	}, nil)
	for from, want := range map[string]string{"/?to=/b%23c#a": "c", "/?to=/b#a": "a"} {
		if got := visit(t, tab, "GET", from).URL.Fragment; got != want {
			t.Errorf("%s leads to #%s, not #%s", from, got, want)
		}
	}
}

// A request is as a server has it.
func TestRequest(t *testing.T) {
	var got []string
	tab := newTab(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method, r.Host, r.URL.String(), r.RequestURI, r.Proto, fmt.Sprint(r.TLS != nil), fmt.Sprint(r.ContentLength), r.Header.Get("User-Agent"))
	}, nil)
	tab.Header.Set("User-Agent", "me")
	tab.Post(t.Context(), "/a b?c=%2F#d", url.Values{"e": {"f"}})
	tab.Get(t.Context(), "http://other.test:80")
	want := []string{
		"POST", "example.com", "/a%20b?c=%2F", "/a%20b?c=%2F", "HTTP/1.1", "true", "3", "me",
		"GET", "other.test:80", "/", "/", "HTTP/1.1", "false", "0", "me",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r, err := tab.Request(t.Context(), "/cart")
	if err != nil || r.URL.Path != "/cart" || r.Header.Get("Sec-Fetch-Site") != "cross-site" || len(got) != len(want) {
		t.Errorf("the request is %v %v, %v", r.URL, r.Header, err)
	}
}

func TestContextEndsWithTheHandler(t *testing.T) {
	var r *http.Request
	tab := newTab(t, func(_ http.ResponseWriter, request *http.Request) {
		if r = request; r.Context().Err() != nil {
			t.Error("the request has ended before the handler returned")
		}
	}, nil)
	visit(t, tab, "GET", "/")
	if r.Context().Err() == nil {
		t.Error("the request has not ended")
	}
}

func TestPanics(t *testing.T) {
	tab := newTab(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("boom")
	}, nil)
	if _, err := tab.Get(t.Context(), "/abort"); !errors.Is(err, browser.ErrAborted) {
		t.Errorf("a response that was broken off: %v", err)
	}
	if _, err := tab.Get(t.Context(), "/"); err == nil || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "browser_test.go") {
		t.Errorf("a panic: %v", err)
	}
	if tab.Page() != nil {
		t.Error("the tab shows a page")
	}
}

func TestRefusedCookies(t *testing.T) {
	tab := newTab(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "__Host-b=1; Path=/")
	}, nil)
	page := visit(t, tab, "GET", "/")
	if len(page.Refused) != 1 || !strings.Contains(page.Refused[0].SetCookie, "__Host-b") || page.Refused[0].Err == nil {
		t.Errorf("refused %v", page.Refused)
	}
	if all := tab.Browser().Cookies(); len(all) != 1 || all[0].Name != "a" {
		t.Errorf("kept %v", all)
	}
}

func TestBrowsersAndTabs(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if value := r.URL.Query().Get("set"); value != "" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: value})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: value, MaxAge: 60})
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}
	tab := newTab(t, h, nil)
	visit(t, tab, "GET", "/?set=1")
	b := tab.Browser()
	clone, other := b.Clone(), b.Other()
	visit(t, b.Tab(), "GET", "/?set=2")
	b.Restart()
	for name, test := range map[string]struct {
		tab  *browser.Tab
		want string
	}{
		"the browser, restarted": {tab, "b=2"},
		"its clone":              {clone.Tab(), "a=1; b=1"},
		"another":                {other.Tab(), ""},
	} {
		if got := visit(t, test.tab, "GET", "/").Body; got != test.want {
			t.Errorf("%s sends %q, not %q", name, got, test.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, text := range []string{"example.com", "ftp://example.com", "http://", "http://a b"} {
		if _, err := browser.New(http.NotFoundHandler(), &browser.Options{URL: text}); err == nil {
			t.Errorf("%q is the URL of a site", text)
		}
	}
	if _, err := browser.New(nil, nil); err == nil {
		t.Error("there is no handler")
	}
	tab := newTab(t, echo, &browser.Options{URL: "http://localhost:8080", TrustLocalhost: true})
	if page := visit(t, tab, "GET", "/a"); page.URL.String() != "http://localhost:8080/a" {
		t.Errorf("the page is %s", page.URL)
	}
}
