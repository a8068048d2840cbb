package guides_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// users are those who exist.
type users map[string]bool

func (u users) Delete(_ context.Context, user string) error         { delete(u, user); return nil }
func (u users) Exists(_ context.Context, user string) (bool, error) { return u[user], nil }

func TestExportAndDeleteUser(t *testing.T) {
	accounts, store := newAccounts(t)
	all := users{"ada": true, "bob": true}
	for _, user := range []string{"ada", "ada", "bob"} {
		store.Seed(guides.Account{User: user, Items: []string{"tea"}})
	}
	data, err := guides.ExportUser(t.Context(), accounts, "ada")
	if err != nil {
		t.Fatal(err)
	}
	var exports []guides.Export
	if err := json.Unmarshal(data, &exports); err != nil || len(exports) != 2 || exports[0].Value.Items[0] != "tea" {
		t.Errorf("%s, %v", data, err)
	}
	if err := guides.DeleteUser(t.Context(), all, accounts, "ada"); err != nil {
		t.Fatal(err)
	}
	if data, err := guides.ExportUser(t.Context(), accounts, "ada"); err != nil || string(data) != "[]" {
		t.Errorf("afterwards %s, %v", data, err)
	}
	if data, _ := guides.ExportUser(t.Context(), accounts, "bob"); string(data) == "[]" {
		t.Error("bob's session has ended too")
	}
}

// In each order of a log-in and a removal of its user, no session of the user is left.
func TestLogInOfARemovedUser(t *testing.T) {
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		store := sessiontest.NewStore[guides.Account](t)
		accounts, err := sessions.New(store, nil)
		if err != nil {
			t.Fatal(err)
		}
		all := users{"ada": true}
		mux := http.NewServeMux()
		mux.Handle("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
			if guides.LogInExisting(r.Context(), all, account, "ada") != nil {
				http.Error(w, "no", http.StatusForbidden)
			}
		}))
		mux.HandleFunc("POST /delete", func(w http.ResponseWriter, r *http.Request) {
			if err := guides.DeleteUser(r.Context(), all, accounts, "ada"); err != nil {
				t.Error(err)
			}
		})
		c := sessiontest.NewClient(t, accounts.Handler(mux))
		o.Together(c, func(tab *sessiontest.Client) { tab.Post("/login", nil) }, func(tab *sessiontest.Client) { tab.Post("/delete", nil) })
		for rec, err := range store.Direct().ByOwner(t.Context(), "ada") {
			t.Errorf("%v is left, %v", rec.ID, err)
		}
	})
}
