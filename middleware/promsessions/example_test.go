package promsessions_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware/promsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Cart struct{ Items []string }

// Metrics of the carts are at /metrics.
func Example() {
	store := memstore.New[Cart](nil)
	metrics, err := promsessions.New(&promsessions.Options{Manager: "carts", Stored: store.Len})
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)
	carts, err := sessions.New(store, &sessions.Options{Observe: metrics.Observe})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /items", sessions.Handle(func(_ http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, r.FormValue("sku")) })
	}))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := carts.Handler(mux)

	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/items?sku=tea", nil))
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, `kind="created"`) && strings.Contains(line, "total") || strings.HasPrefix(line, "sessions_stored") {
			fmt.Print(line)
		}
	}
	// Output:
	// sessions_events_total{kind="created",manager="carts"} 1
	// sessions_stored{manager="carts"} 1
}

// Several managers share a registry if their names differ.
func ExampleNew() {
	carts, err := promsessions.New(&promsessions.Options{Manager: "carts"})
	if err != nil {
		log.Fatal(err)
	}
	admins, err := promsessions.New(&promsessions.Options{Manager: "admins", Buckets: []float64{.01, .1, 1}})
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	fmt.Println(registry.Register(carts), registry.Register(admins))

	_, err = promsessions.New(&promsessions.Options{Buckets: []float64{1, .1}})
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// promsessions: Buckets[1] is 0.1; it must be above the one before, 1
}

// Events are logged and counted.
func ExampleCollector_Observe() {
	metrics, err := promsessions.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	observe := sessions.Observers(metrics.Observe, sessions.LogEvents(nil))
	observe(context.Background(), session.Event{Kind: session.EventLoaded})

	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)
	families, err := registry.Gather()
	fmt.Println(len(families), "metrics,", err)
	// Output: 2 metrics, <nil>
}
