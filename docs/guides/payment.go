package guides

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/seed48429006/sessions"
)

// An Order is the session of a visitor who orders something.
type Order struct {
	User    string
	Pending string // the reference of the payment under way
	Paid    []string
}

// SessionOwner makes the sessions of one user findable.
func (o Order) SessionOwner() string { return o.User }

// Payments stand for the table of payments in the application's database.
type Payments struct {
	Verify func(form url.Values) bool // checks the provider's signature

	mu       sync.Mutex
	outcomes map[string]string // by reference
}

// begin sends the visitor to the provider. The session remembers the reference.
func (p *Payments) begin(w http.ResponseWriter, r *http.Request, order *sessions.Session[Order]) {
	reference := rand.Text()
	order.Update(func(o *Order) { o.Pending = reference })
	http.Redirect(w, r, "https://pay.example/?ref="+reference, http.StatusSeeOther)
}

// returned takes the provider's POST. Browsers send it without the session's cookie, so it
// must not ask for the session. It leads to a page of this site, by GET.
func (p *Payments) returned(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !p.Verify(r.PostForm) {
		http.Error(w, "This answer is not the provider's.", http.StatusBadRequest)
		return
	}
	reference := r.PostForm.Get("ref")
	if err := p.save(r.Context(), reference, r.PostForm.Get("outcome")); err != nil {
		http.Error(w, "Please try again.", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, "/pay/done?"+url.Values{"ref": {reference}}.Encode(), http.StatusSeeOther)
}

// done has the session again. It believes only the reference that the session began with.
func (p *Payments) done(w http.ResponseWriter, r *http.Request, order *sessions.Session[Order]) {
	reference := r.FormValue("ref")
	if order.Value().Pending == "" || reference != order.Value().Pending {
		http.Error(w, "This payment was not begun here.", http.StatusForbidden)
		return
	}
	if p.outcome(r.Context(), reference) != "paid" {
		fmt.Fprint(w, "not paid")
		return
	}
	order.Update(func(o *Order) {
		if o.Pending == reference { // once, however often the page is loaded
			o.Pending, o.Paid = "", append(o.Paid, reference)
		}
	})
	fmt.Fprint(w, "paid")
}

// Handler mounts the three pages.
func (p *Payments) Handler(orders *sessions.Manager[Order]) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /pay", sessions.Handle(p.begin))
	mux.HandleFunc("POST /pay/return", p.returned)
	mux.Handle("GET /pay/done", sessions.Handle(p.done))
	csrf := http.NewCrossOriginProtection()
	csrf.AddInsecureBypassPattern("POST /pay/return") // it has a signature
	return csrf.Handler(orders.Handler(mux))
}

// NewHandoffs makes a second manager, whose cookie comes along with a POST from another
// site. It is for state that the POST itself needs, such as a SAML request's ID.
func NewHandoffs(store sessions.Store[Handoff]) (*sessions.Manager[Handoff], error) {
	return sessions.New(store, &sessions.Options{
		Lifetime: 15 * time.Minute,
		Cookie:   sessions.Cookie{Name: "handoff", SameSite: http.SameSiteNoneMode},
	})
}

// A Handoff lives from the way out to the way back. It says nothing about who is logged in.
type Handoff struct{ RequestID string }

func (p *Payments) save(_ context.Context, reference, outcome string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outcomes == nil {
		p.outcomes = map[string]string{}
	}
	p.outcomes[reference] = outcome
	return nil
}

func (p *Payments) outcome(_ context.Context, reference string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outcomes[reference]
}
