package guides_test

import (
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestSeveralManagers(t *testing.T) {
	h, err := guides.NewBoth(sessiontest.NewStore[guides.Customer](t), sessiontest.NewStore[guides.Clerk](t))
	if err != nil {
		t.Fatal(err)
	}
	c := sessiontest.NewClient(t, h)
	c.Post("/cart", url.Values{"item": {"tea"}})
	c.Post("/staff/login", url.Values{"name": {"Grace"}})
	c.Get("/staff/").Has(`Grace sees ["tea"]`)
	if n := len(c.Cookies()); n != 2 {
		t.Errorf("%d cookies", n)
	}
}
