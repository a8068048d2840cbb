package routers

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/seed48429006/sessions"
)

// Chi mounts the sessions around a chi router, and chi's Recoverer around both,
// so that the changes of a handler that panics are dropped.
func Chi(carts *sessions.Manager[Cart]) http.Handler {
	r := chi.NewRouter()
	chiRoutes(r)
	return middleware.Recoverer(carts.Handler(r))
}

// ChiUse mounts them as one of the router's middlewares, with a compressor
// around them. Use them before the routes are added.
func ChiUse(carts *sessions.Manager[Cart]) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer, middleware.Compress(5), carts.Handler)
	chiRoutes(r)
	return r
}

// ChiInside has the Recoverer and the compressor within the sessions: changes
// that a handler made before it panicked are saved.
func ChiInside(carts *sessions.Manager[Cart]) http.Handler {
	r := chi.NewRouter()
	r.Use(carts.Handler, middleware.Compress(5), middleware.Recoverer)
	chiRoutes(r)
	return r
}

func chiRoutes(r chi.Router) {
	r.Post("/items/{sku}", sessions.Handle(chiAdd))
	for pattern, page := range pages {
		r.Handle(pattern, page)
	}
}

func chiAdd(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	sku := chi.URLParam(r, "sku")
	cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
	fmt.Fprintln(w, len(cart.Value().Items), "items")
}

// ChiTimeout gives one route a timeout, within the sessions: a handler that is not
// done in time saves nothing.
func ChiTimeout(timeout time.Duration, slow func(http.ResponseWriter, *http.Request, *sessions.Session[Cart])) http.Handler {
	r := chi.NewRouter()
	r.With(middleware.Timeout(timeout)).Post("/slow", sessions.Handle(slow))
	return r
}
