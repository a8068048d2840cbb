package flows

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

func reader(t *testing.T) *sessiontest.Client {
	h, err := newReader(memstore.New[Reader](nil))
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, h)
}

var admin = url.Values{"username": {"admin"}, "password": {password}}

func TestReaderLoginFails(t *testing.T) {
	c := reader(t)
	c.Get("/")
	c.Submit("Login", url.Values{"username": {"admin"}, "password": {"wrong"}}).Has("Invalid username or password.")
	c.Submit("Login", admin).At("/unread").Has("Unread entries of admin.")
	c.Get("/").At("/unread")
}

func TestReaderLoginLeadsBack(t *testing.T) {
	for asked, want := range map[string]string{
		"/settings":                          "/settings",
		"/?redirect_url=https://evil.test/a": "/unread",
		"/?redirect_url=//evil.test/a":       "/unread",
	} {
		c := reader(t)
		c.Get(asked)
		c.Submit("Login", admin).At(want).Told(sessiontest.CookieRenewed)
	}
}

func TestReaderSettings(t *testing.T) {
	c := reader(t)
	c.Get("/settings")
	c.Submit("Login", admin).At("/settings").Lacks("saved")
	c.Submit("Update", url.Values{"theme": {"dark"}}).At("/settings").Has("Preferences saved!", "<option selected>dark")
	c.Reload().Lacks("saved").Has("<option selected>dark")
}

func TestReaderFormTokens(t *testing.T) {
	c := reader(t)
	c.Post("/login", admin).HasStatus(http.StatusBadRequest)
	c.Get("/settings")
	before := sessiontest.Peek[Reader](c).Value().Form
	c.Submit("Login", admin)
	c.Post("/settings", url.Values{"theme": {"dark"}, "csrf": {before}}).HasStatus(http.StatusBadRequest)
	c.Post("/logout", nil).HasStatus(http.StatusBadRequest)
	c.Get("/settings").At("/settings")
	c.Submit("Logout", nil).At("/").Told(sessiontest.CookieRenewed)
	c.Get("/unread").At("/?redirect_url=/unread")
}
