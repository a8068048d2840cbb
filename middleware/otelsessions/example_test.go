package otelsessions_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware/otelsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Cart struct{ Items []string }

// A request's span has one of each load and commit below it.
func Example() {
	recorder := tracetest.NewSpanRecorder() // in place of an exporter
	tracers := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))

	store := memstore.New[Cart](nil)
	telemetry, err := otelsessions.New(&otelsessions.Options{Manager: "carts", TracerProvider: tracers})
	if err != nil {
		log.Fatal(err)
	}
	carts, err := sessions.New(store, &sessions.Options{Observe: telemetry.Observe})
	if err != nil {
		log.Fatal(err)
	}
	add := sessions.Handle(func(_ http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, r.FormValue("sku")) })
	})

	ctx, request := tracers.Tracer("server").Start(context.Background(), "POST /items") // as otelhttp does
	r := httptest.NewRequestWithContext(ctx, "POST", "/items?sku=tea", nil)
	carts.Handler(add).ServeHTTP(httptest.NewRecorder(), r)
	request.End()

	for _, span := range recorder.Ended() {
		fmt.Println(span.Name(), span.Parent().SpanID() == request.SpanContext().SpanID())
	}
	// Output:
	// commit session true
	// POST /items false
}

// Without options, an observer uses the providers that the program has set.
func ExampleNew() {
	_, err := otelsessions.New(nil)
	fmt.Println(err)
	// Output: <nil>
}

// Events are logged, counted and traced.
func ExampleObserver_Observe() {
	telemetry, err := otelsessions.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	observe := sessions.Observers(telemetry.Observe, sessions.LogEvents(nil))
	observe(context.Background(), session.Event{Kind: session.EventLoaded})
	// Output:
}
