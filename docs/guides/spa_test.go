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

func TestAllowOrigin(t *testing.T) {
	accounts, _ := newAccounts(t)
	h, err := guides.AllowOrigin("https://app.example.com", accounts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
		fmt.Fprint(w, "hello "+account.Value().User)
	})))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, origin, site string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "https://api.example.com/", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", site)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	const preflight = "Access-Control-Request-Method"
	for _, test := range []struct {
		name string
		w    *httptest.ResponseRecorder
		code int
		may  string
	}{
		{"the application's preflight", ask("OPTIONS", "https://app.example.com", "same-site", preflight, "POST"), http.StatusNoContent, "https://app.example.com"},
		{"the application", ask("POST", "https://app.example.com", "same-site"), http.StatusOK, "https://app.example.com"},
		{"another site", ask("POST", "https://evil.example", "cross-site"), http.StatusForbidden, ""},
		{"another site's preflight", ask("OPTIONS", "https://evil.example", "cross-site", preflight, "POST"), http.StatusOK, ""},
	} {
		if may := test.w.Header().Get("Access-Control-Allow-Origin"); test.w.Code != test.code || may != test.may || test.w.Header().Get("Vary") == "" {
			t.Errorf("%s: %d, allowed %q, Vary %q", test.name, test.w.Code, may, test.w.Header().Get("Vary"))
		}
	}
}

func TestMobileAndEmbedded(t *testing.T) {
	for name, make := range map[string]func(sessions.Store[guides.Account]) (*sessions.Manager[guides.Account], error){
		"mobile": guides.NewMobile, "embedded": guides.NewEmbedded,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := make(sessiontest.NewStore[guides.Account](t))
			if err != nil {
				t.Fatal(err)
			}
			as(t, m, m.Handler(guides.Routes()), logIn).Get("/").Has(`user "ada"`)
		})
	}
}

func TestTicketWorksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accounts, _ := newAccounts(t)
		tickets := guides.NewTickets(accounts)
		mux := http.NewServeMux()
		mux.Handle("POST /ticket", accounts.Handler(sessions.Handle(tickets.Issue)))
		mux.HandleFunc("GET /connect", func(w http.ResponseWriter, r *http.Request) {
			account, err := tickets.Open(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, account.Value().User)
		})
		ada := as(t, accounts, mux, logIn)
		nobody := ada.Other()
		nobody.Post("/ticket", nil).HasStatus(http.StatusUnauthorized)
		ticket := ada.Post("/ticket", nil).Body
		nobody.Get("/connect?ticket=" + ticket).Has("ada")
		nobody.Get("/connect?ticket=" + ticket).HasStatus(http.StatusUnauthorized)
		ticket = ada.Post("/ticket", nil).Body
		time.Sleep(time.Minute)
		nobody.Get("/connect?ticket=" + ticket).HasStatus(http.StatusUnauthorized)
	})
}
