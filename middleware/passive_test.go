package middleware_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// Each way makes a request passive. It is no use, and no other request is passive by it.
func TestPassiveRequests(t *testing.T) {
	t.Parallel()
	left := middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		fmt.Fprint(w, time.Until(s.Expires()))
	})
	for name, test := range map[string]struct {
		options middleware.Options
		handler http.Handler
	}{
		"by the options": {middleware.Options{Passive: func(r *http.Request) bool { return r.URL.Path == "/left" }}, left},
		"by the handler": {middleware.Options{}, middleware.Passive(left)},
		"by the handler, when the session is loaded": {middleware.Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			middleware.Get[cart](r)
			middleware.Passive(left).ServeHTTP(w, r)
		})},
		"by the handler within another manager": {middleware.Options{}, otherManager(t).Handler(middleware.Passive(left))},
		"by the session": {middleware.Options{}, middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.SetPassive(true)
			left(w, r)
		})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStore()
				a := newApp(t, st, &test.options)
				a.mux.Handle("/left", test.handler)
				ada := sessiontest.NewClient(t, a.Handler(a.mux))
				ada.Get("/login?as=ada")
				st.calls()
				for range 59 {
					time.Sleep(time.Minute)
					ada.Get("/left")
				}
				if calls := st.calls(); ada.Page().Body != "1m0s" || calls != strings.TrimSpace(strings.Repeat("Load ", 59)) {
					t.Errorf("%s are left after %q", ada.Page().Body, calls)
				}
				ada.Get("/show") // a use
				ada.Get("/left").Has("1h0m0s")
				time.Sleep(time.Hour)
				if ada.Get("/left"); sessiontest.Peek[cart](ada).Value().Customer != "" {
					t.Error("polling keeps the session alive")
				}
			})
		})
	}
}

func otherManager(t *testing.T) *middleware.Manager[visit] {
	m, err := middleware.New(sessiontest.NewStore[visit](t), &middleware.Options{Cookie: middleware.Cookie{Name: "other"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPassiveRefusesNil(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it is found out with the first request only")
		}
	}()
	middleware.Passive(nil)
}
