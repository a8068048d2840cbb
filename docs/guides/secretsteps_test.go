package guides_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// In each step, visitors of the step before stay logged in, and but for the first one also
// on a server that is still at the step before. At the end, a cookie of the first step opens nothing.
func TestSecretsAreIntroducedAndChanged(t *testing.T) {
	store := sessiontest.NewStore[guides.Account](t)
	var servers []http.Handler
	for _, o := range guides.SecretSteps(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)) {
		m, err := sessions.New(store, &o)
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, m.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
			if r.Method == "POST" {
				account.LogIn(logIn)
			}
			fmt.Fprint(w, account.Value().User)
		})))
	}
	var serve http.Handler
	c := sessiontest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve.ServeHTTP(w, r) }))
	on := func(step int, c *sessiontest.Client) *sessiontest.Page {
		serve = servers[step]
		return c.Get("/")
	}
	var first *sessiontest.Client
	for step := range servers {
		serve = servers[step]
		visitor := c.Other()
		visitor.Post("/", nil)
		if step == 0 {
			first = visitor.Copy()
		}
		if step > 1 { // a server without secrets takes no signed cookie
			on(step-1, visitor).Has("ada") // a server that is not replaced yet
		}
		if step+1 < len(servers) {
			on(step+1, visitor).Has("ada")
		}
	}
	on(len(servers)-1, first).Lacks("ada")
}
