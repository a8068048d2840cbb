package guides

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// A Customer is the session of a visitor of the shop.
type Customer struct{ Cart []string }

// A Clerk is the session of somebody who works there.
type Clerk struct{ Name string }

// SessionOwner makes the sessions of one clerk findable.
func (c Clerk) SessionOwner() string { return c.Name }

// NewBoth serves visitors and staff with sessions of their own. A visitor's page never
// sees a clerk's session, and a clerk's ends after a quarter of an hour without use.
func NewBoth(customers sessions.Store[Customer], clerks sessions.Store[Clerk]) (http.Handler, error) {
	shop, err := sessions.New(customers, &sessions.Options{Cookie: sessions.Cookie{Name: "shop"}})
	if err != nil {
		return nil, err
	}
	staff, err := sessions.New(clerks, &sessions.Options{
		IdleTimeout: 15 * time.Minute,
		Lifetime:    8 * time.Hour,
		Cookie:      sessions.Cookie{Name: "staff", Path: "/staff", SameSite: http.SameSiteStrictMode},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /cart", sessions.Handle(func(w http.ResponseWriter, r *http.Request, customer *sessions.Session[Customer]) {
		item := r.PostFormValue("item")
		customer.Update(func(c *Customer) { c.Cart = append(c.Cart, item) })
	}))
	mux.Handle("POST /staff/login", staff.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, clerk *sessions.Session[Clerk]) {
		name := r.PostFormValue("name") // after checking a password
		clerk.LogIn(func(c *Clerk) { c.Name = name })
	})))
	// This page has both: shop's handler is around all, staff's around this one.
	mux.Handle("GET /staff/{$}", staff.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, clerk *sessions.Session[Clerk]) {
		customer, err := sessions.Get[Customer](r)
		if err != nil {
			sessions.Fail[Customer](w, r, err)
			return
		}
		fmt.Fprintf(w, "%s sees %q", clerk.Value().Name, customer.Value().Cart)
	})))
	return http.NewCrossOriginProtection().Handler(shop.Handler(mux)), nil
}
