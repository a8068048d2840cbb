package main

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/browser"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A copied cookie ends within the life of its secret, and the browser goes on.
func TestACopiedCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSite(memstore.New[Login](nil), t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		b, err := browser.New(s.handler(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ada := sessiontest.BrowserClient(t, b.Tab())
		ada.Post("/login", url.Values{"name": {"Ada"}}).Has("Hello, Ada.", ", bound")
		thief := sessiontest.BrowserClient(t, b.Clone().Tab()) // has the cookies, and not the key
		thief.Get("/").Has("Hello, Ada.")
		time.Sleep(11 * time.Minute)
		thief.Get("/").Has("Log in")
		ada.Get("/").Has("Hello, Ada.", ", bound")
		ada.Submit("Log out", nil).Has("Log in")
		time.Sleep(11 * time.Minute)
		ada.Get("/").Has("Log in")
	})
}

// A browser that binds nothing works as before.
func TestABrowserThatBindsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSite(memstore.New[Login](nil), t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		b, err := browser.New(s.handler(), &browser.Options{NoDeviceBound: true})
		if err != nil {
			t.Fatal(err)
		}
		bob := sessiontest.BrowserClient(t, b.Tab())
		bob.Post("/login", url.Values{"name": {"Bob"}}).Has("Hello, Bob.")
		time.Sleep(50 * time.Minute)
		bob.Get("/").Has("Hello, Bob.")
		bob.Submit("End", nil).Has("Log in")
	})
}
