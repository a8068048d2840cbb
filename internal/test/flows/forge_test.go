package flows

import (
	"maps"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

func forge(t *testing.T) *sessiontest.Client {
	h, err := newForge(memstore.New[User](nil))
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, h)
}

func signIn(c *sessiontest.Client, name, password string, more url.Values) *sessiontest.Page {
	c.Get("/").At("/")
	c.Click("Sign In").At("/user/login")
	fields := url.Values{"user_name": {name}, "password": {password}}
	maps.Copy(fields, more)
	return c.Submit("Sign In", fields)
}

func TestForgeSignInFails(t *testing.T) {
	for _, sample := range [][2]string{{"wrong", "wrong"}, {"wrong", password}, {"user2", "wrong"}, {"user2@example.com", password}} {
		signIn(forge(t), sample[0], sample[1], nil).At("/user/login").
			Has("Username or password is incorrect.").Told(sessiontest.NoNews)
	}
}

func TestForgeRememberMe(t *testing.T) {
	for page, remember := range map[string]url.Values{"/user/settings": {"remember": {"on"}}, "/user/login": nil} {
		c := forge(t)
		c.Get("/user/settings").At("/user/login")
		signIn(c, "user2", password, remember).At("/").Has("Dashboard of user2")
		c.Get("/user/settings").At("/user/settings").Has("Settings of user2")
		c.Restart()
		c.Get("/user/settings").At(page)
	}
}

func TestForgeSignOut(t *testing.T) {
	c := forge(t)
	signIn(c, "user2", password, nil).Told(sessiontest.CookieSet)
	thief := c.Copy()
	c.Submit("Sign Out", nil).At("/").Lacks("Dashboard").Told(sessiontest.CookieCleared)
	c.Get("/user/settings").At("/user/login")
	thief.Get("/user/settings").At("/user/login")
}

func TestForgeSignInAgain(t *testing.T) {
	c := forge(t)
	signIn(c, "user2", password, nil)
	thief := c.Copy()
	c.Get("/user/login")
	c.Submit("Sign In", url.Values{"user_name": {"user2"}, "password": {password}}).Told(sessiontest.CookieRenewed)
	thief.Get("/user/settings").At("/user/login")
}

func TestForgeOtherSites(t *testing.T) {
	c := forge(t)
	signIn(c, "user2", password, nil)
	c.TabAt("https://evil.test").Post("/user/logout", nil).HasStatus(403)
	c.Get("/user/settings").At("/user/settings")
}
