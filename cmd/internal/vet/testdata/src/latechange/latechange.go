package latechange

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"github.com/seed48429006/sessions"
)

type Cart struct {
	Customer string
	Count    int
	Notices  []string
}

var page = template.Must(template.New("").Parse("{{.}}"))

func welcomesFirst(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	fmt.Fprintln(w, "Welcome")
	cart.LogIn(func(c *Cart) { c.Customer = "ada" }) // want `cart.LogIn after the response has begun is refused, since it needs a cookie; call it before the first byte, or set Options.HoldBack`
}

func forgetsReturn(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	if r.FormValue("sku") == "" {
		http.Error(w, "which?", http.StatusBadRequest)
	}
	cart.Update(func(c *Cart) { c.Count++ }) // want `changes the session after the response has begun, so that a failure can only break it off`
}

func takesLate(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, "Notices:")
	for _, notice := range sessions.Take(cart, func(c *Cart) *[]string { return &c.Notices }) { // want `changes the session after the response has begun`
		io.WriteString(w, notice)
	}
}

func encodesFirst(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	json.NewEncoder(w).Encode(cart.Value())
	cart.Clear() // want `changes the session after the response has begun`
}

func inARow(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	for range 3 {
		cart.Update(func(c *Cart) { c.Count++ }) // want `changes the session after the response has begun`
		fmt.Fprintln(w, "one more")
	}
}

// What follows is right.

func changesFirst(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	if r.FormValue("sku") == "" {
		http.Error(w, "which?", http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Cart", "1")
	w.WriteHeader(http.StatusEarlyHints)
	cart.Update(func(c *Cart) { c.Count++ })
	page.Execute(w, cart.Value())
}

func eitherOr(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	switch r.Method {
	case "GET":
		fmt.Fprintln(w, cart.Value().Count)
	default:
		cart.Update(func(c *Cart) { c.Count++ })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func endsLate(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	fmt.Fprintln(w, "Bye")
	cart.Destroy() // the session ends; the cookie stays, which opens nothing
}

func toAFile(w io.Writer, cart *sessions.Session[Cart]) {
	fmt.Fprintln(w, "no response")
	cart.Update(func(c *Cart) { c.Count++ })
}

func makesHandler(w http.ResponseWriter, cart *sessions.Session[Cart]) func() {
	fmt.Fprintln(w, "later")
	return func() { cart.Update(func(c *Cart) { c.Count++ }) }
}
