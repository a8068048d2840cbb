package routers

import (
	"fmt"
	"io"
	"net/http"

	"github.com/seed48429006/sessions"
)

// pages are the handlers that need nothing of their router. ServeMux, chi and gorilla/mux
// serve them all. Echo and gin serve them where they have no handlers in their own style.
var pages = map[string]http.Handler{
	"GET /about":         http.HandlerFunc(about),
	"GET /cart":          sessions.Handle(show),
	"POST /login":        sessions.Handle(login),
	"POST /logout":       sessions.Handle(logout),
	"POST /silent":       sessions.Handle(silent),
	"POST /refuse":       sessions.Handle(refuse),
	"POST /stream":       sessions.Handle(stream),
	"POST /late":         sessions.Handle(late),
	"POST /upgrade":      sessions.Handle(upgrade),
	"POST /panic":        sessions.Handle(crash),
	"POST /panic/logout": sessions.Handle(crashAtLogout),
}

// about does not use the session.
func about(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a shop") }

func show(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	fmt.Fprintf(w, "%s %v", cart.Value().Customer, cart.Value().Items)
}

func login(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	cart.LogIn(func(c *Cart) { c.Customer = r.FormValue("customer") })
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func logout(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	cart.Destroy()
	io.WriteString(w, "bye")
}

// silent changes the session and writes no body.
func silent(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	appendItem(cart, "silence")
	w.WriteHeader(http.StatusNoContent)
}

// refuse changes the session and answers with an error, which is an answer like
// any other: the change is saved.
func refuse(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	appendItem(cart, "refusal")
	http.Error(w, "no", http.StatusTeapot)
}

// Halfway lets the streams go on after their first half.
var Halfway = make(chan struct{})

func stream(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	appendItem(cart, "stream")
	io.WriteString(w, "first ")
	w.(http.Flusher).Flush()
	<-Halfway
	io.WriteString(w, "second")
}

// late changes the session after the response has begun.
func late(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	io.WriteString(w, "begun")
	w.(http.Flusher).Flush()
	appendItem(cart, "latecomer")
}

// upgrade takes the connection over, as WebSockets do.
func upgrade(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	appendItem(cart, "socket")
	takeOver(w.(http.Hijacker))
}

// takeOver answers on the connection itself.
func takeOver(h http.Hijacker) {
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhijacked")
}

// crash fails when the cart is half changed.
func crash(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	appendItem(cart, "half")
	panic("a bug")
}

func crashAtLogout(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	cart.Destroy()
	panic("a bug")
}

func appendItem(cart *sessions.Session[Cart], item string) {
	cart.Update(func(c *Cart) { c.Items = append(c.Items, item) })
}
