package routers

import (
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

// ServeMux mounts the sessions around net/http's own router. A handler that
// panics is the server's to deal with: it breaks the response off and logs.
func ServeMux(carts *sessions.Manager[Cart]) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /items/{sku}", sessions.Handle(addItem))
	for pattern, page := range pages {
		mux.Handle(pattern, page)
	}
	return carts.Handler(mux)
}

// ServeMuxByRoute gives sessions to the pages that need them, one by one.
func ServeMuxByRoute(carts *sessions.Manager[Cart]) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /items/{sku}", carts.Handler(sessions.Handle(addItem)))
	for pattern, page := range pages {
		mux.Handle(pattern, carts.Handler(page))
	}
	return mux
}

func addItem(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	sku := r.PathValue("sku")
	cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
	fmt.Fprintln(w, len(cart.Value().Items), "items")
}
