package guides_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestCSRFToken(t *testing.T) {
	forms, err := sessions.New(sessiontest.NewStore[guides.Form](t), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := sessiontest.NewClient(t, forms.Handler(guides.FormRoutes()))
	c.Post("/save", url.Values{"csrf": {""}}).HasStatus(http.StatusForbidden)
	c.Get("/form")
	first := sessiontest.Peek[guides.Form](c).Value().CSRF
	c.Submit("Save", nil).Has("saved")
	c.Post("/save", url.Values{"csrf": {"another"}}).HasStatus(http.StatusForbidden)
	c.Post("/login", url.Values{"csrf": {first}, "user": {"ada"}})
	c.Post("/save", url.Values{"csrf": {first}}).HasStatus(http.StatusForbidden)
	c.Get("/form")
	c.Submit("Save", nil).Has("saved")
}

func TestTabsShareTheCSRFToken(t *testing.T) {
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		forms, err := sessions.New(sessiontest.NewStore[guides.Form](t), nil)
		if err != nil {
			t.Fatal(err)
		}
		c := as2(t, forms, guides.FormRoutes())
		open := func(tab *sessiontest.Client) {
			tab.Get("/form")
			tab.Submit("Save", nil).Has("saved")
		}
		o.Together(c, open, open)
	})
}

// as2 returns a browser with a session that has no token yet.
func as2(t testing.TB, m *sessions.Manager[guides.Form], h http.Handler) *sessiontest.Client {
	mux := http.NewServeMux()
	mux.Handle("POST /begin", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[guides.Form]) {
		s.Update(func(f *guides.Form) { f.Saved = 1 })
	}))
	mux.Handle("/", h)
	c := sessiontest.NewClient(t, m.Handler(mux))
	c.Post("/begin", nil)
	return c
}
