// want package:"asks for .{fixture/unmanaged/pages.Cart fixture/unmanaged/pages} {fixture/unmanaged/pages.Wish fixture/unmanaged/pages}., manages .."

// Package pages asks for sessions of two types.
package pages

import (
	"net/http"

	"github.com/seed48429006/sessions"
)

type Cart struct{ Count int }

type Wish struct{ Count int }

func Show(w http.ResponseWriter, r *http.Request) {
	cart, err := sessions.Get[Cart](r)
	if err != nil {
		sessions.Fail[Cart](w, r, err)
		return
	}
	cart.Update(func(c *Cart) { c.Count++ })
}

func Wished(w http.ResponseWriter, r *http.Request, wish *sessions.Session[Wish]) {}

func Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", Show)
	mux.Handle("/wish", sessions.Handle(Wished))
	return mux
}

func Cards(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {}

var _ = sessions.Handle(Cards)
