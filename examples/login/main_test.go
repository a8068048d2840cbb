package main

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// newClient returns a browser that shows a site with the users ada and bob. Their
// passwords are cheap to check.
func newClient(t *testing.T, store sessions.Store[Login]) *sessiontest.Client {
	t.Helper()
	if store == nil {
		store = memstore.New[Login](nil)
	}
	s, err := newSite(store, accounts{"ada": newPassword("engine", 1), "bob": newPassword("builder", 1)})
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, s.handler())
}

// logIn fills in the log-in page.
func logIn(c *sessiontest.Client, device string) *sessiontest.Page {
	c.Header.Set("User-Agent", device)
	c.Get("/login")
	return c.Submit("Log in", url.Values{"name": {"ada"}, "password": {"engine"}})
}

func TestWrongPassword(t *testing.T) {
	c := newClient(t, nil)
	for _, name := range []string{"ada", "eve"} {
		c.Get("/login")
		c.Submit("Log in", url.Values{"name": {name}, "password": {"guess"}}).
			HasStatus(http.StatusUnprocessableEntity).Has("wrong", `value="`+name+`"`)
	}
	if len(c.Cookies()) != 0 {
		t.Error("a guess made a session")
	}
	c.Get("/").At("/login")
}

func TestLogOut(t *testing.T) {
	ada := newClient(t, nil)
	logIn(ada, "laptop").At("/").Has("laptop", "this device")
	thief := ada.Copy()
	ada.Submit("/logout", nil).At("/login")
	ada.Back().At("/login")
	thief.Get("/").At("/login")
}

func TestRememberMe(t *testing.T) {
	for remember, path := range map[string]string{"": "/login", "on": "/"} {
		ada := newClient(t, nil)
		ada.Post("/login", url.Values{"name": {"ada"}, "password": {"engine"}, "remember": {remember}}).At("/")
		ada.Restart()
		ada.Get("/").At(path)
	}
}

func TestDevices(t *testing.T) {
	laptop := newClient(t, nil)
	phone, tablet, bob := laptop.Other(), laptop.Other(), laptop.Other()
	logIn(laptop, "laptop")
	logIn(phone, "phone")
	logIn(tablet, "tablet")
	bob.Post("/login", url.Values{"name": {"bob"}, "password": {"builder"}}).At("/").Lacks("laptop")

	onPhone := url.Values{"id": {sessiontest.Peek[Login](phone).ID().String()}}
	bob.Post("/devices/end", onPhone).At("/")
	phone.Get("/").At("/") // it is none of Bob's
	laptop.Get("/").Has("phone", "tablet")
	laptop.Post("/devices/end", onPhone).At("/").Lacks("phone")
	phone.Get("/").At("/login")

	laptop.Submit("everywhere else", nil).At("/").Has("laptop").Lacks("tablet")
	tablet.Get("/").At("/login")
	bob.Get("/").At("/")
	laptop.Post("/devices/end", url.Values{"id": {"nonsense"}}).At("/")
}

// A list of devices that was shown before log-ins says the truth when its buttons are
// pressed.
func TestDevicesThatLoggedInAgain(t *testing.T) {
	laptop := newClient(t, nil)
	phone := laptop.Other()
	for _, button := range []string{"Log out there", "everywhere else"} {
		logIn(phone, "phone")
		logIn(laptop, "laptop").Has("phone")
		for range 3 {
			logIn(phone, "phone")
			logIn(laptop.Tab(), "laptop")
		}
		laptop.Submit(button, nil).At("/").Has("laptop", "this device").Lacks("phone")
		phone.Get("/").At("/login")
	}
}

// The page with the secret wants a password that was typed a short while ago. Typing
// it again neither logs the user out nor makes the browser forget.
func TestStepUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := newClient(t, nil)
		ada.Get("/secret").At("/login?next=/secret")
		ada.Submit("Log in", url.Values{"name": {"ada"}, "password": {"engine"}, "remember": {"on"}}).
			At("/secret").Has("Your secret, ada")
		time.Sleep(fresh)
		ada.Get("/secret").At("/secret")
		time.Sleep(time.Second)
		ada.Get("/secret").At("/login?next=/secret").Has(`value="ada"`)
		ada.Get("/").At("/")
		ada.Get("/secret")
		ada.Submit("Log in", url.Values{"password": {"guess"}}).Has("wrong")
		ada.Submit("Log in", url.Values{"password": {"engine"}}).At("/secret")
		ada.Restart()
		ada.Get("/secret").At("/secret")
	})
}

func TestNextLeadsNowhereElse(t *testing.T) {
	c := newClient(t, nil)
	c.Get("/login?next=https://evil.test/")
	c.Submit("Log in", url.Values{"name": {"ada"}, "password": {"engine"}}).At("/")
}

func TestStoreDown(t *testing.T) {
	store := sessiontest.NewStore[Login](t)
	ada := newClient(t, store)
	logIn(ada, "laptop")
	store.Fail(sessiontest.OpByOwner, errors.New("disk on fire"))
	ada.Get("/").HasStatus(http.StatusServiceUnavailable).Lacks("disk on fire")
	ada.Post("/devices/end-others", nil).HasStatus(http.StatusServiceUnavailable)
	store.Fail(sessiontest.OpByOwner, nil)
	store.Fail(sessiontest.OpDelete, errors.New("disk on fire"))
	ada.Post("/logout", nil).HasStatus(http.StatusServiceUnavailable)
	store.Fail(sessiontest.OpDelete, nil)
	ada.Get("/").At("/")
}
