package main

import (
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// A shop holds the things that handlers share. Handlers that need none are functions.
type shop struct {
	carts *sessions.Manager[Cart]
	ship  func(Order) // called once for each order
}

const (
	idle       = 3 * time.Hour       // how long a visitor may do nothing
	remembered = 30 * 24 * time.Hour // how long the shop knows a customer who wants it to
)

// options are the shop's own. Operators can set others.
func options() *sessions.Options {
	return &sessions.Options{
		IdleTimeout:  idle,
		Remember:     sessions.Remember{Lifetime: remembered},
		MaxPerOwner:  10,
		ErrorHandler: showError,
	}
}

// newShop returns a shop whose visitors' sessions are in carts.
func newShop(carts *sessions.Manager[Cart]) *shop { return &shop{carts: carts, ship: logOrder} }

// handler returns the whole shop. Requests from other sites are turned away
// before they get to a session.
func (s *shop) handler() http.Handler {
	h := s.carts.Handler(s.routes())
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(forbidden))
	h = csrf.Handler(h)
	h = http.MaxBytesHandler(h, maxBody)
	return withSecurityHeaders(h)
}

// maxBody is more than any of the shop's forms needs.
const maxBody = 16 << 10

func (s *shop) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", notFound)
	mux.Handle("GET /static/{file}", static())
	mux.Handle("GET /{$}", sessions.Handle(showProducts))

	mux.Handle("GET /cart", sessions.Handle(showCart))
	mux.Handle("POST /cart", sessions.Handle(addItem))
	mux.Handle("POST /cart/{sku}", sessions.Handle(changeItem))

	mux.Handle("GET /login", sessions.Handle(s.showLogin))
	mux.Handle("POST /login", sessions.Handle(s.logIn))
	mux.Handle("POST /logout", sessions.Handle(logOut))

	mux.Handle("GET /checkout", sessions.Handle(continueCheckout))
	mux.Handle("GET /checkout/delivery", sessions.Handle(showDelivery))
	mux.Handle("POST /checkout/delivery", sessions.Handle(saveDelivery))
	mux.Handle("GET /checkout/review", sessions.Handle(showReview))
	mux.Handle("POST /checkout/review", sessions.Handle(s.placeOrder))

	mux.Handle("GET /sessions", sessions.Handle(s.showSessions))
	mux.Handle("POST /sessions/end", sessions.Handle(s.endSession))
	mux.Handle("POST /sessions/end-others", sessions.Handle(s.endOtherSessions))
	return mux
}

// contentPolicy lets pages load their style and pictures from the shop, and
// nothing else from anywhere. There are no scripts.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func withSecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentPolicy)
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
