package routers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"

	"github.com/seed48429006/sessions"
)

// Gorilla mounts the sessions around a gorilla/mux router.
func Gorilla(carts *sessions.Manager[Cart]) http.Handler {
	r := mux.NewRouter()
	gorillaRoutes(r)
	return carts.Handler(r)
}

// GorillaUse mounts them as one of the router's middlewares, which sees only
// requests that match a route, with the RecoveryHandler around them: the changes
// of a handler that panics are dropped.
func GorillaUse(carts *sessions.Manager[Cart]) http.Handler {
	r := mux.NewRouter()
	r.Use(handlers.RecoveryHandler(), carts.Handler)
	gorillaRoutes(r)
	return r
}

// GorillaInside has it within the sessions: changes that a handler made before it
// panicked are saved.
func GorillaInside(carts *sessions.Manager[Cart]) http.Handler {
	r := mux.NewRouter()
	r.Use(handlers.RecoveryHandler())
	gorillaRoutes(r)
	return carts.Handler(r)
}

func gorillaRoutes(r *mux.Router) {
	r.Handle("/items/{sku}", sessions.Handle(gorillaAdd)).Methods("POST")
	for pattern, page := range pages {
		method, path, _ := strings.Cut(pattern, " ")
		r.Handle(path, page).Methods(method)
	}
}

func gorillaAdd(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	sku := mux.Vars(r)["sku"]
	cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
	fmt.Fprintln(w, len(cart.Value().Items), "items")
}
