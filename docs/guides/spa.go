package guides

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/session"
)

// AllowOrigin lets the pages of one other origin call an API with the visitor's cookie.
func AllowOrigin(origin string, next http.Handler) (http.Handler, error) {
	csrf := http.NewCrossOriginProtection()
	if err := csrf.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	protected := csrf.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if r.Header.Get("Origin") != origin {
			protected.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		protected.ServeHTTP(w, r)
	}), nil
}

// NewEmbedded makes a manager for an application in an iframe of other sites. Each such
// site gets a cookie of its own.
func NewEmbedded(store sessions.Store[Account]) (*sessions.Manager[Account], error) {
	return sessions.New(store, &sessions.Options{
		Cookie: sessions.Cookie{SameSite: http.SameSiteNoneMode, Partitioned: true},
	})
}

// NewMobile makes a manager for browsers and apps: browsers send the cookie, apps the
// header.
func NewMobile(store sessions.Store[Account]) (*sessions.Manager[Account], error) {
	return sessions.New(store, &sessions.Options{Transport: sessions.CookieOrHeader("X-Session-Token")})
}

// Tickets let a client that has its token in a header open a WebSocket, for which browsers
// send no headers of its own. A ticket works once, within half a minute. They are kept in
// the process: behind several servers, keep them in Redis and take them by GETDEL.
type Tickets struct {
	accounts *sessions.Manager[Account]

	mu     sync.Mutex
	issued map[string]ticket
}

type ticket struct {
	token session.Token
	until time.Time
}

// NewTickets returns tickets for sessions of the manager.
func NewTickets(accounts *sessions.Manager[Account]) *Tickets {
	return &Tickets{accounts: accounts, issued: map[string]ticket{}}
}

// Issue answers with a ticket for the session of the request.
func (t *Tickets) Issue(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	token, ok := account.Token()
	if !ok || account.Value().User == "" {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return
	}
	text := rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	for old, one := range t.issued {
		if time.Now().After(one.until) {
			delete(t.issued, old)
		}
	}
	t.issued[text] = ticket{token, time.Now().Add(30 * time.Second)}
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, text)
}

// Open returns the session that the request's ticket was issued for.
func (t *Tickets) Open(r *http.Request) (*sessions.Session[Account], error) {
	text := r.URL.Query().Get("ticket")
	t.mu.Lock()
	one, ok := t.issued[text]
	delete(t.issued, text)
	t.mu.Unlock()
	if !ok || time.Now().After(one.until) {
		return nil, sessions.ErrNotFound
	}
	return t.accounts.Open(r.Context(), one.token.Reveal())
}
