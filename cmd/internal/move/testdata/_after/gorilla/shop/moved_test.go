package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestOldVisitorsStayLoggedIn(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", newVisitManager(store, memstore.New[Visit](nil)).Handler(routes()))
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) {
		for name, values := range map[string]map[any]any{
			"auth":   {userKey: "ada", "since": time.Now(), "_flash": []any{"still here"}},
			"basket": {"lines": []Line{{"tea", 1}}},
		} {
			s, _ := store.Get(r, name)
			s.Values = values
			if err := s.Save(r, w); err != nil {
				t.Error(err)
			}
		}
	})
	visitor := sessiontest.NewClient(t, mux)
	visitor.Get("/old")
	visitor.Get("/").Has("ada has [{tea 1}], 0 changes. still here")
	visitor.Get("/").Has("ada has [{tea 1}], 0 changes. ")
	visitor.Get("/admin").Has("secrets")
	for _, cookie := range visitor.Cookies() {
		if cookie.Name == "auth" || cookie.Name == "basket" {
			t.Error("the browser keeps an old cookie:", cookie)
		}
	}
}

// A cookie that was set with a Path that nobody knows stays in the browser.
func TestOldCookieDoesNotLogInAfterALogOut(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", newVisitManager(store, memstore.New[Visit](nil)).Handler(routes()))
	mux.HandleFunc("/deep/old", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "auth")
		s.Values = map[any]any{userKey: "ada", "since": time.Now()}
		s.Options.Path = "/admin"
		if err := s.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	visitor := sessiontest.NewClient(t, mux)
	visitor.Get("/deep/old")
	visitor.Get("/admin").Has("secrets")
	visitor.Post("/logout", nil)
	visitor.Get("/admin").At("/").Has("warning: log in first")
}

// The staff's cookie has another Path than the store's, which the program says.
func TestOldCookieWithItsOwnPathIsCleared(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", newVisitManager(store, memstore.New[Visit](nil)).Handler(routes()))
	mux.HandleFunc("/staff/old", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, authName)
		s.Values = map[any]any{userKey: "ada"}
		s.Options = staffOptions()
		if err := s.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	visitor := sessiontest.NewClient(t, mux)
	visitor.Get("/staff/old")
	visitor.Get("/staff/").Has("ada has [], 0 changes. ")
	for _, cookie := range visitor.Cookies() {
		if cookie.Name == "auth" {
			t.Error("the browser keeps an old cookie:", cookie)
		}
	}
}
