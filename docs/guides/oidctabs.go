package guides

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/seed48429006/sessions"
)

// A Member is the session of a site whose visitors log in at an OpenID provider.
type Member struct {
	Subject  string             // the user, by the provider's name
	Provider string             // the provider's session, "sid" of the ID token
	Pending  map[string]Attempt // log-ins under way, by state: one for each tab
}

// An Attempt is a log-in under way.
type Attempt struct {
	Nonce, Verifier string
	Next            string // where to go afterwards
	Begun           time.Time
}

// SessionOwner makes the sessions of one user findable.
func (m Member) SessionOwner() string { return m.Subject }

// Bounds of what visitors can put into their session.
const (
	maxAttempts = 5
	attemptTime = 10 * time.Minute
)

// begin remembers an attempt. Too many push the oldest out.
func (m *Member) begin(state string, a Attempt) {
	if m.Pending == nil {
		m.Pending = map[string]Attempt{}
	}
	oldest := ""
	for s, p := range m.Pending {
		if a.Begun.Sub(p.Begun) > attemptTime {
			delete(m.Pending, s)
		} else if oldest == "" || p.Begun.Before(m.Pending[oldest].Begun) {
			oldest = s
		}
	}
	if len(m.Pending) >= maxAttempts {
		delete(m.Pending, oldest)
	}
	m.Pending[state] = a
}

// A Relying is the part of an OpenID client that the pages need.
type Relying struct {
	Members  *sessions.Manager[Member]
	Exchange func(ctx context.Context, code string, a Attempt) (subject, sid string, err error)
	Logout   func(ctx context.Context, logoutToken string) (subject, sid string, err error) // verifies the token
}

func (p *Relying) logIn(w http.ResponseWriter, r *http.Request, member *sessions.Session[Member]) {
	state, a := rand.Text(), Attempt{Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Next: After(r.FormValue("next")), Begun: time.Now()}
	member.Update(func(m *Member) { m.begin(state, a) })
	http.Redirect(w, r, "https://id.example/authorize?"+url.Values{"state": {state}, "nonce": {a.Nonce}}.Encode(), http.StatusSeeOther)
}

// callback completes the attempt of the tab that the answer belongs to. The attempt is
// taken and the session saved before the code is used, so that each works once.
func (p *Relying) callback(w http.ResponseWriter, r *http.Request, member *sessions.Session[Member]) {
	state := r.FormValue("state")
	var attempt Attempt
	var found bool
	member.Update(func(m *Member) {
		attempt, found = m.Pending[state]
		delete(m.Pending, state)
	})
	if err := member.Commit(r.Context()); err != nil {
		sessions.Fail[Member](w, r, err)
		return
	}
	if !found || time.Since(attempt.Begun) > attemptTime {
		http.Error(w, "This browser has begun no such log-in.", http.StatusBadRequest)
		return
	}
	subject, sid, err := p.Exchange(r.Context(), r.FormValue("code"), attempt)
	if err != nil {
		http.Error(w, "The log-in has failed. Please begin again.", http.StatusBadGateway)
		return
	}
	member.LogIn(func(m *Member) { m.Subject, m.Provider = subject, sid }) // the other tabs' attempts stay
	http.Redirect(w, r, attempt.Next, http.StatusSeeOther)
}

// backChannel ends sessions when the provider says so, from its server to this one
// (OpenID Connect Back-Channel Logout 1.0). There is no browser and no cookie.
func (p *Relying) backChannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	subject, sid, err := p.Logout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	if err := p.end(r.Context(), subject, sid); err != nil {
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}
}

// end ends the sessions of one log-in at the provider, or all of the user without a sid.
func (p *Relying) end(ctx context.Context, subject, sid string) error {
	for rec, err := range p.Members.ByOwner(ctx, subject) {
		if _, unreadable := errors.AsType[*sessions.DecodeError](err); unreadable {
			continue // it logs no user in
		}
		if err != nil {
			return err
		}
		if sid != "" && rec.Value.Provider != sid {
			continue
		}
		if err := p.Members.Revoke(ctx, subject, rec.ID, "provider_logout"); err != nil && !errors.Is(err, sessions.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Handler mounts the pages.
func (p *Relying) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /login", sessions.Handle(p.logIn))
	mux.Handle("GET /callback", sessions.Handle(p.callback))
	mux.HandleFunc("POST /backchannel-logout", p.backChannel)
	mux.Handle("GET /", sessions.Handle(func(w http.ResponseWriter, r *http.Request, member *sessions.Session[Member]) {
		fmt.Fprintf(w, "%s: %q", r.URL.Path, member.Value().Subject)
	}))
	return p.Members.Handler(mux)
}
