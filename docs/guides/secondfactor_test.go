package guides_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func newFactors(t *testing.T) *sessiontest.Client {
	logins, err := sessions.New(sessiontest.NewStore[guides.Login](t), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &guides.Factors{
		Password: func(user, password string) bool { return password == "engine" },
		Code:     func(user, code string) bool { return code == "123456" },
	}
	return sessiontest.NewClient(t, f.Handler(logins))
}

func TestSecondFactor(t *testing.T) {
	password, code := url.Values{"user": {"ada"}, "password": {"engine"}}, url.Values{"code": {"123456"}}
	wrong := url.Values{"code": {"000000"}}
	const refused = http.StatusUnprocessableEntity
	synctest.Test(t, func(t *testing.T) {
		c := newFactors(t)
		c.Post("/code", code).HasStatus(refused)
		c.Post("/login", url.Values{"user": {"ada"}, "password": {"x"}}).HasStatus(refused)

		c.Post("/login", password).Has("the code")
		c.Get("/sensitive").Has("the password")
		c.Post("/code", wrong).HasStatus(refused)
		c.Post("/code", code).Has("welcome")
		c.Get("/sensitive").Has("the secret of ada")
		time.Sleep(11 * time.Minute)
		c.Get("/sensitive").Has("the password")

		late := c.Other()
		late.Post("/login", password)
		time.Sleep(6 * time.Minute)
		late.Post("/code", code).HasStatus(refused)

		guesser := c.Other()
		guesser.Post("/login", password)
		for range 3 {
			guesser.Post("/code", wrong).HasStatus(refused)
		}
		guesser.Post("/code", code).HasStatus(refused)

		planted := c.Other()
		planted.Post("/code", wrong) // a session from before
		copied := planted.Copy()
		planted.Post("/login", password)
		copied.Post("/code", code).Lacks("welcome")
	})
}
