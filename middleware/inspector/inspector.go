package inspector

import (
	"context"
	"net/http"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// Bounds of the work for one page.
const (
	MaxSurvey = 10_000 // sessions that a survey reads
	MaxOwned  = 500    // sessions of one owner that a page lists
)

// Options change the pages of an [Inspector]. The zero Options is the default.
type Options struct {
	// ShowValues lets operators see the value of a session, when they ask for it.
	// Values may hold personal data.
	ShowValues bool

	// CrossOrigin refuses requests from other sites. Nil means a new
	// [http.CrossOriginProtection]. Behind a proxy that does not pass the Host
	// on, give it the site as a trusted origin.
	CrossOrigin *http.CrossOriginProtection
}

// An Inspector collects the events of sessions of type T, and makes the handler
// of the operators' pages. Make one with [New]. It is safe for concurrent use.
type Inspector[T any] struct {
	options Options
	history history
}

// New returns an inspector. Nil options are the zero [Options].
func New[T any](o *Options) *Inspector[T] {
	i := new(Inspector[T])
	if o != nil {
		i.options = *o
	}
	if i.options.CrossOrigin == nil {
		i.options.CrossOrigin = http.NewCrossOriginProtection()
	}
	return i
}

// Observe takes note of an event. It is the value for [middleware.Options].Observe.
// Without it, the pages show no events. It costs a lock and no
// allocation.
func (i *Inspector[T]) Observe(ctx context.Context, e session.Event) { i.history.add(ctx, e) }

// Handler returns the pages about the sessions of m. It must be mounted at a path
// that ends with a slash, without that prefix: see [http.StripPrefix]. It does no
// authorization.
func (i *Inspector[T]) Handler(m *middleware.Manager[T]) http.Handler {
	if m == nil {
		panic("inspector: Inspector.Handler: the manager is nil")
	}
	p := &pages[T]{Inspector: i, manager: m}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.home)
	mux.HandleFunc("GET /survey", p.survey)
	mux.HandleFunc("GET /find", p.find)
	mux.HandleFunc("GET /owner", p.owner)
	mux.HandleFunc("GET /session", p.session)
	mux.HandleFunc("POST /end", p.end)
	mux.HandleFunc("POST /end-owner", p.endOwner)
	mux.HandleFunc("GET /style.css", style)
	return secure(i.options.CrossOrigin.Handler(mux))
}

// secure sets the headers of pages that must not be framed, kept or scripted.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
