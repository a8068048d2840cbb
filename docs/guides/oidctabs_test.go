package guides_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// newRelying returns a site whose provider shows the state on its page, and issues codes
// that name the user and the provider's session.
func newRelying(t *testing.T) *sessiontest.Client {
	members, err := sessions.New(sessiontest.NewStore[guides.Member](t), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &guides.Relying{
		Members: members,
		Exchange: func(_ context.Context, code string, _ guides.Attempt) (string, string, error) {
			user, sid, _ := strings.Cut(code, ".")
			return user, sid, nil
		},
		Logout: func(_ context.Context, token string) (string, string, error) {
			user, sid, ok := strings.Cut(token, ".")
			if !ok {
				return "", "", errors.New("invalid")
			}
			return user, sid, nil
		},
	}
	h := p.Handler()
	return sessiontest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "id.example" {
			fmt.Fprintf(w, `<a href="https://example.com/callback?code=ada.s1&amp;state=%s">Back</a>`, r.FormValue("state"))
			return
		}
		h.ServeHTTP(w, r)
	}))
}

func TestTwoTabsLogInAtOnce(t *testing.T) {
	first := newRelying(t)
	first.Get("/")
	second := first.Tab()
	first.Post("/login", url.Values{"next": {"/one"}})
	second.Post("/login", url.Values{"next": {"/two"}})
	first.Click("Back").At("/one").Has(`"ada"`)
	second.Click("Back").At("/two").Has(`"ada"`)
	second.Back()
	second.Click("Back").HasStatus(http.StatusBadRequest) // the state works once
}

func TestAttemptsAreBounded(t *testing.T) {
	c := newRelying(t)
	c.Get("/")
	first := c.Tab()
	first.Post("/login", nil)
	for range 6 {
		c.Tab().Post("/login", nil)
	}
	first.Click("Back").HasStatus(http.StatusBadRequest)
	if n := len(sessiontest.Peek[guides.Member](c).Value().Pending); n != 5 {
		t.Errorf("%d attempts are kept", n)
	}
}

func TestBackChannelLogout(t *testing.T) {
	ada := newRelying(t)
	ada.Get("/")
	other := ada.Other()
	other.Get("/")
	for _, c := range []*sessiontest.Client{ada, other} {
		c.Post("/login", nil)
	}
	ada.Click("Back")
	state := other.Page().URL.Query().Get("state")
	other.Get("https://example.com/callback?code=ada.s2&state=" + state)

	provider := ada.Other()
	provider.Fetch("POST", "/backchannel-logout", "logout_token=nonsense").HasStatus(http.StatusBadRequest)
	provider.Post("/backchannel-logout", url.Values{"logout_token": {"ada.s1"}}).HasStatus(http.StatusOK)
	ada.Get("/").Lacks("ada")
	other.Get("/").Has(`"ada"`)
	provider.Post("/backchannel-logout", url.Values{"logout_token": {"ada."}}).HasStatus(http.StatusOK)
	other.Get("/").Lacks("ada")
}
