package guides_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// withProvider adds the page of another site, which posts back. It keeps the reference
// that it is called with.
func withProvider(h http.Handler, ref *string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "pay.example" {
			*ref = cmp.Or(r.FormValue("ref"), *ref)
			fmt.Fprint(w, "<h1>Pay</h1>")
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestReturnByPostFromAnotherSite(t *testing.T) {
	store := sessiontest.NewStore[guides.Order](t)
	orders, err := sessions.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &guides.Payments{Verify: func(form url.Values) bool { return form.Get("signature") == "good" }}
	var ref string
	ada := as(t, orders, withProvider(p.Handler(orders), &ref), func(o *guides.Order) { o.User = "ada" })
	back := func(c *sessiontest.Client, signature string) *sessiontest.Page {
		return c.Post("https://example.com/pay/return", url.Values{"ref": {ref}, "outcome": {"paid"}, "signature": {signature}})
	}

	ada.Post("/pay", nil).Has("Pay")
	back(ada, "forged").HasStatus(http.StatusBadRequest)
	ada.Get("https://pay.example/")
	saved := len(store.Saved())
	page := back(ada, "good").Has("paid").Lacks("not paid")
	if cookie := page.Hops[0].Header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("the POST set %q over the visitor's cookie", cookie)
	}
	if got := sessiontest.Peek[guides.Order](ada).Value(); got.User != "ada" || len(got.Paid) != 1 {
		t.Errorf("the session is %+v", got)
	}
	if n := len(store.Saved()) - saved; n != 1 {
		t.Errorf("%d sessions were saved", n)
	}

	ada.Post("/pay", nil)
	mallory := ada.Other()
	mallory.Get("https://pay.example/")
	back(mallory, "good").HasStatus(http.StatusForbidden)
}

func TestHandoffComesAlong(t *testing.T) {
	handoffs, err := guides.NewHandoffs(sessiontest.NewStore[guides.Handoff](t))
	if err != nil {
		t.Fatal(err)
	}
	h := handoffs.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[guides.Handoff]) {
		if r.URL.Path == "/begin" {
			s.Set(guides.Handoff{RequestID: "request 1"})
			return
		}
		fmt.Fprint(w, s.Value().RequestID)
	}))
	c := sessiontest.NewClient(t, withProvider(h, new(string)))
	c.Post("/begin", nil)
	c.Get("https://pay.example/")
	c.Post("https://example.com/acs", nil).Has("request 1")
}
