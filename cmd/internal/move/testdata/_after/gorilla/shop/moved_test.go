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
	if cookies := visitor.Cookies(); len(cookies) != 1 {
		t.Error("the browser keeps the old cookies:", cookies)
	}
}
