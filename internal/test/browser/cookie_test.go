package browser_test

import (
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/browser"
)

func TestCookie(t *testing.T) {
	shop := openShop(t)
	tab := browser.Open(t, browser.Options{}).Tab()
	tab.Go(shop + "/")
	if cookies := tab.Cookies(); len(cookies) > 0 {
		t.Errorf("a visitor who only looks has cookies: %+v", cookies)
	}

	tab.Click("button[value=tea]")
	tab.Shows("Fog Harbour tea is in your cart.")
	before := sessionCookie(t, tab)
	want := browser.Cookie{
		Name: "__Host-session_id", Value: before.Value, Path: "/", Domain: "localhost",
		SameSite: "Lax", Secure: true, HTTPOnly: true,
	}
	if before != want {
		t.Errorf("cookie\n%+v, want\n%+v", before, want)
	}
	var seen string
	if tab.Run(`return document.cookie`, &seen); seen != "" {
		t.Errorf("scripts see %q", seen)
	}

	logIn(tab, shop, false)
	if after := sessionCookie(t, tab); after.Value == before.Value || after.Expiry != 0 {
		t.Errorf("after the log-in: %+v", after)
	}
	tab.Click("nav button")
	tab.Shows("You are logged out.")
}

// Remembered and ordinary log-ins differ when the browser is closed.
func TestRememberMe(t *testing.T) {
	for _, remember := range []bool{false, true} {
		name := map[bool]string{false: "ordinary", true: "remembered"}[remember]
		t.Run(name, func(t *testing.T) {
			shop, profile := openShop(t), t.TempDir()
			first := browser.Open(t, browser.Options{Profile: profile})
			tab := first.Tab()
			logIn(tab, shop, remember)
			if expiry := sessionCookie(t, tab).Expiry; remember {
				days := time.Until(time.Unix(expiry, 0)).Hours() / 24
				if days < 29 || days > 30 {
					t.Errorf("the browser keeps the cookie for %.1f days", days)
				}
			} else if expiry != 0 {
				t.Error("the cookie outlives the browser")
			}
			first.Close()

			tab = browser.Open(t, browser.Options{Profile: profile}).Tab()
			tab.Go(shop + "/")
			if remember {
				tab.Shows("Ada’s sessions")
			} else {
				tab.Shows("Log in")
				tab.Lacks("Ada")
			}
		})
	}
}
