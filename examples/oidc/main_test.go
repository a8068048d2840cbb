package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

const issuer = "https://provider.test"

// A web has the site and the provider, without a network.
type web struct {
	site     http.Handler
	provider *provider
	client   *client
}

// ServeHTTP serves browsers.
func (web *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host == "provider.test" {
		web.provider.ServeHTTP(w, r)
		return
	}
	web.site.ServeHTTP(w, r)
}

// RoundTrip carries the site's own requests to the provider.
func (web *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	web.provider.ServeHTTP(w, r)
	return w.Result(), nil
}

func newWeb(t *testing.T) *web {
	t.Helper()
	web := new(web)
	web.client = &client{
		ID: "shop", Secret: "secret & more", Redirect: "https://example.com/callback",
		HTTP: &http.Client{Transport: web},
	}
	web.provider = newProvider(issuer, web.client)
	site, err := newSite(memstore.New[Login](nil), web.client, issuer)
	if err != nil {
		t.Fatal(err)
	}
	web.site = site
	return web
}

// logIn goes to the provider and says a name there.
func logIn(c *sessiontest.Client, user string) *sessiontest.Page {
	c.Get("https://example.com/")
	c.Submit("Log in", nil).Has("Who are you?")
	return c.Submit("It is me", url.Values{"user": {user}})
}

func TestLogIn(t *testing.T) {
	c := sessiontest.NewClient(t, newWeb(t))
	logIn(c, "ada").At("https://example.com/").Has("Hello, ada.")
	if p := sessiontest.Peek[Login](c).Value().Pending; p != (Pending{}) {
		t.Errorf("the session still has %+v", p)
	}
	c.Submit("Log out", nil).At("/").Lacks("ada")
}

func TestLogInGivesANewToken(t *testing.T) {
	c := sessiontest.NewClient(t, newWeb(t))
	c.Get("https://example.com/")
	c.Submit("Log in", nil)
	before, thief := c.Cookie("__Host-session_id").Value, c.Copy()
	c.Submit("It is me", url.Values{"user": {"ada"}}).Has("Hello, ada.")
	if c.Cookie("__Host-session_id").Value == before {
		t.Error("the token is that from before the log-in")
	}
	thief.Get("https://example.com/").Lacks("ada")
}

// callbackOf returns the address with the code that the provider gives to a user.
func callbackOf(t *testing.T, web *web, c *sessiontest.Client, user string) string {
	t.Helper()
	c.Get("https://example.com/")
	page := c.Submit("Log in", nil)
	r := httptest.NewRequest("POST", page.URL.String(), strings.NewReader("user="+user))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	web.ServeHTTP(w, r)
	return w.Header().Get("Location")
}

// An attacker's own log-in does not work in another browser, nor twice.
func TestCallbackIsForOneBrowserAndOnce(t *testing.T) {
	web := newWeb(t)
	eve := sessiontest.NewClient(t, web)
	ada := eve.Other()
	callback := callbackOf(t, web, eve, "eve")
	ada.Get(callback).HasStatus(http.StatusBadRequest)
	own := callbackOf(t, web, ada, "ada") // she is about to log in herself
	ada.Get(callback).HasStatus(http.StatusBadRequest)
	ada.Get("https://example.com/").Lacks("eve")
	ada.Get(own).At("https://example.com/").Has("Hello, ada.")

	eve.Get(callback).At("https://example.com/").Has("Hello, eve.")
	eve.Get(callback).HasStatus(http.StatusBadRequest)
	eve.Get("https://example.com/").Has("Hello, eve.")
}

// Once the provider has refused a code, the log-in must begin again.
func TestBadCode(t *testing.T) {
	c := sessiontest.NewClient(t, newWeb(t))
	c.Get("https://example.com/")
	guess := "https://example.com/callback?code=guess&state=" + c.Submit("Log in", nil).URL.Query().Get("state")
	c.Get(guess).HasStatus(http.StatusBadGateway)
	c.Get(guess).HasStatus(http.StatusBadRequest)
}

func TestCodeWithoutItsVerifier(t *testing.T) {
	web := newWeb(t)
	c := sessiontest.NewClient(t, web)
	callback, _ := url.Parse(callbackOf(t, web, c, "ada"))
	p, err := web.client.discover(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := web.client.exchange(t.Context(), p, callback.Query().Get("code"), "stolen"); err == nil {
		t.Errorf("a stolen code gave the token %s", token)
	}
}

func TestVisitorDeclines(t *testing.T) {
	c := sessiontest.NewClient(t, newWeb(t))
	c.Get("https://example.com/")
	state := c.Submit("Log in", nil).URL.Query().Get("state")
	c.Get("https://example.com/callback?error=access_denied&state=" + state).HasStatus(http.StatusForbidden)
}

func TestVerify(t *testing.T) {
	web := newWeb(t)
	p, err := web.client.discover(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	good := claims{issuer, "ada", "shop", time.Now().Add(time.Minute).Unix(), "nonce"}
	with := func(edit func(*claims)) string {
		c := good
		edit(&c)
		return web.provider.sign("RS256", c)
	}
	signed := web.provider.sign("RS256", good)
	unsigned := signed[:strings.LastIndex(signed, ".")+1]
	stranger := newProvider(issuer, web.client)
	tests := map[string]string{
		"":                   signed,
		"another provider":   with(func(c *claims) { c.Issuer = "https://evil.test" }),
		"another client":     with(func(c *claims) { c.Audience = "other" }),
		"another log-in":     with(func(c *claims) { c.Nonce = "other" }),
		"expired":            with(func(c *claims) { c.Expires = time.Now().Add(-time.Minute).Unix() }),
		"names no user":      with(func(c *claims) { c.Subject = "" }),
		`signed by "none"`:   web.provider.sign("none", good),
		"verification error": stranger.sign("RS256", good),
		"crypto/rsa":         unsigned,
		"not three parts":    "token",
		"illegal base64":     signed + "?",
	}
	for want, token := range tests {
		t.Run(want, func(t *testing.T) {
			user, err := web.client.verify(t.Context(), p, token, "nonce")
			switch {
			case want == "" && (err != nil || user != "ada"):
				t.Errorf("user %q, error %v", user, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("error %v", err)
			}
		})
	}
}
