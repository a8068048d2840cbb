package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// In Authorization the token is a bearer's, both ways. What others put there is not
// the session's.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	for name, transport := range map[string]middleware.Transport{
		"HeaderTransport": middleware.HeaderTransport("authorization"), "CookieOrHeader": middleware.CookieOrHeader("Authorization"),
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), &middleware.Options{Transport: transport})
			ask := func(path, value string) http.Header {
				r := httptest.NewRequest("GET", path, nil)
				r.Header.Set("Authorization", value)
				w := recorder()
				a.Handler(a.mux).ServeHTTP(w, r)
				return w.Header()
			}
			value := ask("/add", "Bearer").Get("Authorization")
			token, ok := strings.CutPrefix(value, "Bearer ")
			if !ok {
				t.Fatalf("the server gives %q", value)
			}
			for _, same := range []string{value, "bearer " + token, "BEARER  " + token} {
				if h := ask("/add", same); h["Authorization"] != nil {
					t.Errorf("%q is not taken: %v", same, h)
				}
			}
			if c, _ := a.value(t, cookieName+"="+token); c.Items != 4 {
				t.Errorf("%d items", c.Items)
			}
			a.kinds()
			for _, other := range []string{"Basic YTpi", "Digest username=ada", token, "Bearer"} {
				ask("/show", other)
				if kinds := a.kinds(); len(kinds) != 0 {
					t.Errorf("%q: events %v", other, kinds)
				}
			}
			if ask("/show", "Bearer "+token+"x"); !slices.Contains(a.kinds(), session.EventRejected) {
				t.Error("a malformed token is not rejected")
			}
			if h := ask("/logout", value); h["Authorization"] == nil || h.Get("Authorization") != "" {
				t.Errorf("after a log-out %v", h)
			}
		})
	}
}

// A browser that sends a password of its own in Authorization keeps its cookie.
func TestAnotherSchemeLeavesTheCookie(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{Transport: middleware.CookieOrHeader("Authorization")})
	cookie := setCookie(t, a.get("/add", ""))
	r := httptest.NewRequest("GET", "/add", nil)
	r.Header.Set("Cookie", cookie)
	r.Header.Set("Authorization", "Basic YTpi")
	a.Handler(a.mux).ServeHTTP(recorder(), r)
	if c, _ := a.value(t, cookie); c.Items != 2 {
		t.Errorf("%d items", c.Items)
	}
}
