package guides_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// newGreeter returns a handler that greets a user, and sends others to the log-in page.
func newGreeter(tb testing.TB, store sessions.Store[guides.Account]) http.Handler {
	tb.Helper()
	accounts, err := sessions.New(store, nil)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /account", sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
		if account.Value().User == "" {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		fmt.Fprint(w, "Hello ", account.Value().User)
	}))
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Who are you?") })
	return accounts.Handler(mux)
}

func TestAccountPage(t *testing.T) {
	ada := sessiontest.NewClient(t, newGreeter(t, sessiontest.NewStore[guides.Account](t)))
	sessiontest.LogIn(ada, guides.Account{User: "ada"})
	ada.Get("/account").Has("Hello ada")
}

func TestIdleSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada := sessiontest.NewClient(t, newGreeter(t, sessiontest.NewStore[guides.Account](t)))
		sessiontest.LogIn(ada, guides.Account{User: "ada"})
		time.Sleep(time.Hour)
		ada.Get("/account").At("/login")
	})
}

func TestIdleSessionEndsOverTheNetwork(t *testing.T) {
	store := sessiontest.NewStore[guides.Account](t)
	token := store.Seed(guides.Account{User: "ada"})
	server := httptest.NewServer(newGreeter(t, store))
	defer server.Close()
	visit := func() string {
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/account", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "__Host-session_id", Value: token.Reveal()})
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.Request.URL.Path
	}
	if got := visit(); got != "/account" {
		t.Errorf("at first: %s", got)
	}
	store.Age(time.Hour)
	if got := visit(); got != "/login" {
		t.Errorf("an hour later: %s", got)
	}
}
