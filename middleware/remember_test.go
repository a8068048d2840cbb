package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// TestRememberCookies checks that an ordinary session's cookie ends with the browser
// and that a remembered session's lasts as long as the session.
func TestRememberCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, newStore(), &middleware.Options{Remember: session.Remember{Lifetime: 720 * time.Hour}})
		a.handle("/remember", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.LogIn(func(c *cart) { c.Customer = "ada" })
			s.Remember(r.FormValue("on") != "")
		})
		w := a.get("/add", "")
		if c := w.Header().Get("Set-Cookie"); strings.Contains(c, "Max-Age") {
			t.Errorf("an ordinary session has the cookie %s", c)
		}
		cookie := setCookie(t, w)
		w = a.get("/remember?on=1", cookie)
		if c := w.Header().Get("Set-Cookie"); !strings.Contains(c, "; Max-Age=2592000;") {
			t.Errorf("a remembered session has the cookie %s", c)
		}
		cookie = setCookie(t, w)
		time.Sleep(719 * time.Hour)
		if got, ok := a.value(t, cookie); !ok || got.Customer != "ada" {
			t.Errorf("after 719 hours the session is %+v, %v", got, ok)
		}
		w = a.get("/remember", cookie)
		if c := w.Header().Get("Set-Cookie"); c == "" || strings.Contains(c, "Max-Age") {
			t.Errorf("a session that is no longer remembered has the cookie %s", c)
		}
		cookie = setCookie(t, w)
		time.Sleep(time.Hour)
		if _, ok := a.value(t, cookie); ok {
			t.Error("a session that is no longer remembered does not idle out")
		}
	})
}

// TestManagerOptions checks that a manager's options show their meaning, and no
// secrets.
func TestManagerOptions(t *testing.T) {
	zero := newApp(t, newStore(), nil).Options()
	if zero.Lifetime != 24*time.Hour || zero.IdleTimeout != time.Hour || zero.SaveTimeout != 5*time.Second ||
		zero.WatchInterval != 15*time.Second || zero.Remember != (session.Remember{Lifetime: 336 * time.Hour, IdleTimeout: 336 * time.Hour}) {
		t.Errorf("the zero options mean %v, %v, %v, %v, %v", zero.Lifetime, zero.IdleTimeout, zero.SaveTimeout, zero.WatchInterval, zero.Remember)
	}
	o := newApp(t, newStore(), &middleware.Options{
		Lifetime:    2 * time.Hour,
		IdleTimeout: -1,
		Remember:    session.Remember{Lifetime: 48 * time.Hour},
		Secrets:     [][]byte{make([]byte, 32)},
	}).Options()
	if o.Lifetime != 2*time.Hour || o.IdleTimeout != -1 || o.Remember != (session.Remember{Lifetime: 48 * time.Hour, IdleTimeout: 48 * time.Hour}) || o.Secrets != nil {
		t.Errorf("the options are %v, %v, %v, with %d secrets", o.Lifetime, o.IdleTimeout, o.Remember, len(o.Secrets))
	}
}
