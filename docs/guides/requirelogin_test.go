package guides_test

import (
	"net/http"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// as returns a browser with a session of that value.
func as[T any](t *testing.T, m *sessions.Manager[T], h http.Handler, login func(*T)) *sessiontest.Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("POST /log-in-for-the-test", m.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[T]) {
		s.LogIn(login)
	})))
	mux.Handle("/", h)
	c := sessiontest.NewClient(t, mux)
	if login != nil {
		c.Post("/log-in-for-the-test", nil)
	}
	return c
}

func logIn(a *guides.Account) { a.User = "ada" }

func TestRequireLogIn(t *testing.T) {
	accounts, _ := newAccounts(t)
	h := guides.NewGroups(accounts)
	nobody, ada := as(t, accounts, h, nil), as(t, accounts, h, logIn)

	nobody.Get("/").Has("welcome")
	nobody.Get("/api/account").HasStatus(http.StatusUnauthorized).Has(`"error"`)
	nobody.Post("/account/", nil).HasStatus(http.StatusUnauthorized).Has("Nothing was done")
	if hop := nobody.Get("/account/?tab=2").Hops[0]; hop.Status != http.StatusSeeOther || hop.Header.Get("Location") != "/login?next=%2Faccount%2F%3Ftab%3D2" {
		t.Errorf("%d to %s", hop.Status, hop.Header.Get("Location"))
	}
	ada.Get("/account/").Has(`user "ada"`)
	ada.Get("/api/account").Has(`user "ada"`)

	stale := ada.Copy()
	ada.Post("/log-in-for-the-test", nil) // in another tab, which ends the token
	stale.Get("/api/account").HasStatus(http.StatusConflict)
	stale.Get("/account/").HasStatus(http.StatusConflict)
}

func TestAfterStaysOnTheSite(t *testing.T) {
	for next, want := range map[string]string{
		"/account?tab=2": "/account?tab=2", "": "/", "account": "/", "https://evil.example/": "/", "//evil.example": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "/%zz": "/",
	} {
		if got := guides.After(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
