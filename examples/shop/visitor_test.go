package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// open returns the shop's handler, and the orders that it ships.
func open(t *testing.T, store sessions.Store[Cart]) (http.Handler, <-chan Order) {
	t.Helper()
	if store == nil {
		store = memstore.New[Cart](nil)
	}
	s, err := newShop(store, false)
	if err != nil {
		t.Fatal(err)
	}
	shipped := make(chan Order, 100)
	s.ship = func(o Order) { shipped <- o }
	return s.handler(), shipped
}

// A visitor is a person with a browser: it keeps cookies and follows redirects.
type visitor struct {
	t       *testing.T
	shop    http.Handler
	agent   string
	cookies map[string]*http.Cookie
}

func newVisitor(t *testing.T, shop http.Handler) *visitor {
	return &visitor{t: t, shop: shop, cookies: map[string]*http.Cookie{}}
}

// An answer is the page that the visitor gets to see.
type answer struct {
	path   string
	status int
	text   string
}

// get opens a page.
func (v *visitor) get(path string) answer {
	v.t.Helper()
	for range 5 {
		w := v.send(httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusSeeOther {
			return answer{path, w.Code, w.Body.String()}
		}
		path = location(w)
	}
	v.t.Fatalf("too many redirects, the last to %s", path)
	return answer{}
}

// post sends a form, whose fields come as names and values in turn, and returns
// the page that it leads to.
func (v *visitor) post(path string, fields ...string) answer {
	v.t.Helper()
	w := v.send(formRequest(path, fields...))
	if w.Code != http.StatusSeeOther {
		return answer{path, w.Code, w.Body.String()}
	}
	return v.get(location(w))
}

// location returns where a redirect leads to, without the place on the page.
func location(w *httptest.ResponseRecorder) string {
	path, _, _ := strings.Cut(w.Header().Get("Location"), "#")
	return path
}

func formRequest(path string, fields ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// send has one request answered.
func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("User-Agent", v.agent)
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.shop.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c
		}
	}
	return w
}

// again returns a second browser with the same cookies: a copy that was stolen,
// or another tab.
func (v *visitor) sameBrowser() *visitor {
	other := newVisitor(v.t, v.shop)
	maps.Copy(other.cookies, v.cookies)
	return other
}

// cookie returns the session's cookie.
func (v *visitor) cookie() *http.Cookie {
	v.t.Helper()
	c := v.cookies["__Host-session_id"]
	if c == nil {
		v.t.Fatal("no session cookie")
	}
	return c
}

// fill puts something into the cart, logs in and goes as far as the review.
func (v *visitor) fill(customer string) answer {
	v.t.Helper()
	v.post("/cart", "sku", "tea")
	v.post("/login", "name", customer, "password", password)
	got := v.post("/checkout/delivery", "name", customer, "street", "Quay 1", "city", "20457 Harbour")
	got.at(v.t, stepReview)
	return got
}

// at fails the test if the answer is not that page.
func (a answer) at(t *testing.T, path string) answer {
	t.Helper()
	if a.status != http.StatusOK || a.path != path {
		t.Errorf("at %s with status %d, not at %s", a.path, a.status, path)
	}
	return a
}

// has fails the test if the page does not say each of these.
func (a answer) has(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Errorf("%s does not say %q:\n%s", a.path, text, a.text)
		}
	}
	return a
}

// lacks fails the test if the page says one of these.
func (a answer) lacks(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.text, text) {
			t.Errorf("%s says %q:\n%s", a.path, text, a.text)
		}
	}
	return a
}
