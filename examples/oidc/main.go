// Oidc lets visitors log in at an OpenID provider, by the authorization code flow.
// State, nonce and PKCE verifier wait in a session that begins before the log-in.
//
//	go run ./examples/oidc
//
// Open http://localhost:8080 and log in. The provider at http://localhost:8081 is part
// of this program, so that it runs offline, and believes everybody. A real program has
// its provider's issuer, and a client's ID and secret from there.
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	providerAddr := flag.String("provider", "localhost:8081", "`address` that the provider listens on")
	flag.Parse()
	self, issuer := "http://"+*addr, "http://"+*providerAddr
	client := &client{
		ID:       "shop",
		Secret:   "of the client, from the environment in earnest",
		Redirect: self + "/callback",
		HTTP:     http.DefaultClient,
	}
	provider := newProvider(issuer, client)
	go func() { log.Fatal(http.ListenAndServe(*providerAddr, provider)) }()
	h, err := newSite(memstore.New[Login](nil), client, issuer)
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open", self)
	log.Fatal(http.ListenAndServe(*addr, h))
}

// A Login is the value of each session.
type Login struct {
	User    string
	Pending Pending // zero unless the visitor is at the provider
}

// Pending holds the values that the provider's answer must fit. Only State and Nonce
// leave the server.
type Pending struct {
	State    string // ties the answer to this browser
	Nonce    string // ties the ID token to this log-in
	Verifier string // proves to the provider that the code came to the right client
}

// SessionOwner names the session's owner.
func (l Login) SessionOwner() string { return l.User }

type site struct {
	client *client
	issuer string
}

func newSite(store sessions.Store[Login], client *client, issuer string) (http.Handler, error) {
	logins, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	s := &site{client, issuer}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(home))
	mux.Handle("POST /login", sessions.Handle(s.logIn))
	mux.Handle("GET /callback", sessions.Handle(s.callback))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	return http.NewCrossOriginProtection().Handler(logins.Handler(mux)), nil
}

// logIn sends the visitor to the provider.
func (s *site) logIn(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	p, err := s.client.discover(r.Context(), s.issuer)
	if err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	pending := newPending()
	login.Update(func(l *Login) { l.Pending = pending })
	http.Redirect(w, r, s.client.authorizeURL(p, pending), http.StatusSeeOther)
}

// callback is where the provider sends the visitor back. An answer to a log-in of
// another browser changes nothing. Take lets the right one work once. The log-in gives
// the session a new token.
func (s *site) callback(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	state := login.Value().Pending.State
	if state == "" || subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(state)) == 0 {
		refuse(w, http.StatusBadRequest, errors.New("this browser has begun no such log-in"))
		return
	}
	pending := sessions.Take(login, func(l *Login) *Pending { return &l.Pending })
	if problem := r.FormValue("error"); problem != "" { // the visitor has declined, as a rule
		refuse(w, http.StatusForbidden, fmt.Errorf("the provider says %q", problem))
		return
	}
	user, err := s.user(r.Context(), r.FormValue("code"), pending)
	if err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	login.LogIn(func(l *Login) { *l = Login{User: user} })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// user returns the name of the user for whom the provider has made the code.
func (s *site) user(ctx context.Context, code string, pending Pending) (string, error) {
	p, err := s.client.discover(ctx, s.issuer)
	if err != nil {
		return "", err
	}
	token, err := s.client.exchange(ctx, p, code, pending.Verifier)
	if err != nil {
		return "", err
	}
	return s.client.verify(ctx, p, token, pending.Nonce)
}

func logOut(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	login.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// refuse tells the visitor that the log-in has failed, and the operator why.
func refuse(w http.ResponseWriter, status int, err error) {
	log.Println("log-in refused:", err)
	http.Error(w, "The log-in has failed. Please begin again.", status)
}

var homePage = template.Must(template.New("home").Parse(`<!DOCTYPE html>
<html lang="en">
<title>OpenID Connect</title>
{{if .User}}<p>Hello, {{.User}}.</p>
<form method="post" action="/logout"><button>Log out</button></form>
{{else}}<form method="post" action="/login"><button>Log in</button></form>
{{end}}`))

func home(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := homePage.Execute(w, login.Value()); err != nil {
		panic(http.ErrAbortHandler) // half a page must not look whole
	}
}
