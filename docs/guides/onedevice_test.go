package guides_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestALogInOnAnotherDeviceIsRefused(t *testing.T) {
	accounts, err := sessions.New(sessiontest.NewStore[guides.Account](t), guides.OneDevice())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /login", sessions.Handle(guides.LogInOnOneDevice))
	mux.Handle("POST /cart", sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[guides.Account]) {
		s.Update(func(a *guides.Account) { a.Items = append(a.Items, "tea") })
	}))
	mux.Handle("POST /logout", sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[guides.Account]) { s.Destroy() }))
	site := accounts.Handler(mux)
	ada := url.Values{"user": {"ada"}}

	phone, laptop := sessiontest.NewClient(t, site), sessiontest.NewClient(t, site)
	phone.Post("/login", ada)
	laptop.Post("/cart", nil)
	laptop.Post("/login", ada).HasStatus(http.StatusForbidden)
	if v := sessiontest.Peek[guides.Account](laptop).Value(); v.User != "" || len(v.Items) != 1 {
		t.Errorf("after the refusal the laptop has %+v", v)
	}
	phone.Post("/logout", nil)
	laptop.Post("/login", ada)
	if v := sessiontest.Peek[guides.Account](laptop).Value(); v.User != "ada" || len(v.Items) != 1 {
		t.Errorf("after the log-out the laptop has %+v", v)
	}
}
