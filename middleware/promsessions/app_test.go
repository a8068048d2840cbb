package promsessions_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware/promsessions"
	"github.com/seed48429006/sessions/session"
)

type cart struct {
	Customer string
	Items    []string
}

func (c cart) SessionOwner() string { return c.Customer }

// newShop returns a shop's handler, whose manager has the given observer.
func newShop(tb testing.TB, store sessions.Store[cart], observe func(context.Context, session.Event)) http.Handler {
	tb.Helper()
	carts, err := sessions.New(store, &sessions.Options{Observe: observe, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", sessions.Handle(func(w http.ResponseWriter, _ *http.Request, s *sessions.Session[cart]) {
		for _, sku := range s.Value().Items {
			io.WriteString(w, sku+"\n")
		}
	}))
	mux.HandleFunc("POST /items", sessions.Handle(func(_ http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.Update(func(c *cart) { c.Items = append(c.Items, r.FormValue("sku")) })
	}))
	mux.HandleFunc("POST /login", sessions.Handle(func(_ http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		s.LogIn(func(c *cart) { c.Customer = r.FormValue("name") })
	}))
	mux.HandleFunc("POST /logout", sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[cart]) {
		s.Destroy()
	}))
	mux.HandleFunc("GET /about", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /late", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
		io.WriteString(w, "begun")
		http.NewResponseController(w).Flush()
		s.Renew()
		if s.Commit(r.Context()) != nil {
			s.Discard()
		}
	}))
	return carts.Handler(mux)
}

func newCollector(tb testing.TB, o *promsessions.Options) *promsessions.Collector {
	tb.Helper()
	c, err := promsessions.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// gathered returns the values of a registry's counters, of its gauges, and the number
// of observations of its histograms, each by name and labels.
func gathered(tb testing.TB, registry *prometheus.Registry) map[string]float64 {
	tb.Helper()
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	all := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := []string{family.GetName()}
			for _, label := range m.GetLabel() {
				name = append(name, label.GetName()+"="+label.GetValue())
			}
			if value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()); value != 0 {
				all[strings.Join(name, " ")] = value
			}
		}
	}
	return all
}
