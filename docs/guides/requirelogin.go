package guides

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed48429006/sessions"
)

// RequireLogIn lets only visitors in who are logged in.
func RequireLogIn(next http.Handler) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
		switch {
		case account.Value().User != "":
			next.ServeHTTP(w, r)
		case account.Gone():
			sessions.Fail[Account](w, r, sessions.ErrGone) // 409: load the page again
		case r.Method == http.MethodGet:
			http.Redirect(w, r, "/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		default:
			http.Error(w, "Log in first. Nothing was done.", http.StatusUnauthorized)
		}
	})
}

// RequireLogInJSON does the same for an API.
func RequireLogInJSON(next http.Handler) http.Handler {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
		switch {
		case account.Value().User != "":
			next.ServeHTTP(w, r)
		case account.Gone():
			sessions.Fail[Account](w, r, sessions.ErrGone)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(map[string]string{"error": "log in first"})
		}
	})
}

// After returns where to go after a log-in: a page of this site, or its first one.
func After(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}

// NewGroups mounts the middleware around groups of routes.
func NewGroups(accounts *sessions.Manager[Account]) http.Handler {
	public, private, api := http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
	public.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "welcome") })
	private.Handle("GET /account/{$}", sessions.Handle(showAccount))
	api.Handle("GET /api/account", sessions.Handle(showAccount))

	mux := http.NewServeMux()
	mux.Handle("/", public)
	mux.Handle("/account/", RequireLogIn(private))
	mux.Handle("/api/", RequireLogInJSON(api))
	return accounts.Handler(mux)
}
