package otelsessions_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware/otelsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

var (
	errFull = errors.New("the disk of secret-host is full")
	sku     = url.Values{"sku": {"a-secret-thing"}}
)

type cart struct {
	Customer string
	Items    []string
}

func (c cart) SessionOwner() string { return c.Customer }

// A telemetry is an observer with what it reports.
type telemetry struct {
	*otelsessions.Observer
	tracers *trace.TracerProvider
	spans   *tracetest.SpanRecorder
	reader  *metric.ManualReader
}

func newTelemetry(tb testing.TB, o otelsessions.Options, options ...trace.TracerProviderOption) *telemetry {
	tb.Helper()
	t := &telemetry{spans: tracetest.NewSpanRecorder(), reader: metric.NewManualReader()}
	t.tracers = trace.NewTracerProvider(append(options, trace.WithSpanProcessor(t.spans))...)
	o.TracerProvider, o.MeterProvider = t.tracers, metric.NewMeterProvider(metric.WithReader(t.reader))
	var err error
	if t.Observer, err = otelsessions.New(&o); err != nil {
		tb.Fatal(err)
	}
	return t
}

// shop returns a shop's handler. Each request has a span, named for its path.
func (t *telemetry) shop(tb testing.TB, store sessions.Store[cart]) http.Handler {
	tb.Helper()
	carts, err := sessions.New(store, &sessions.Options{Observe: t.Observe, Logger: slog.New(slog.DiscardHandler)})
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
	mux.HandleFunc("GET /about", func(http.ResponseWriter, *http.Request) {})
	h := carts.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracers.Tracer("server").Start(r.Context(), r.URL.Path)
		defer span.End()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// during returns the spans that end while a function runs.
func (t *telemetry) during(act func()) []trace.ReadOnlySpan {
	before := len(t.spans.Ended())
	act()
	return t.spans.Ended()[before:]
}

// counted returns the values of counters and gauges and the numbers of observations
// of histograms, by name and attributes.
func (t *telemetry) counted(tb testing.TB) map[string]int64 {
	tb.Helper()
	all := make(map[string]int64)
	for _, m := range t.metrics(tb) {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				all[m.Name+" "+encoded(p.Attributes)] = p.Value
			}
		case metricdata.Gauge[int64]:
			for _, p := range data.DataPoints {
				all[m.Name+" "+encoded(p.Attributes)] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				all[m.Name+" "+encoded(p.Attributes)] = int64(p.Count)
			}
		}
	}
	return all
}

func (t *telemetry) metrics(tb testing.TB) []metricdata.Metrics {
	tb.Helper()
	var data metricdata.ResourceMetrics
	if err := t.reader.Collect(context.Background(), &data); err != nil {
		tb.Fatal(err)
	}
	if len(data.ScopeMetrics) == 0 {
		return nil
	}
	return data.ScopeMetrics[0].Metrics
}

// encoded returns attributes as text, in the order of their names.
func encoded(set attribute.Set) string {
	return strings.ReplaceAll(set.Encoded(attribute.DefaultEncoder()), "sessions.", "")
}

func newClient(tb testing.TB, t *telemetry) (*sessiontest.Client, *sessiontest.Store[cart]) {
	tb.Helper()
	store := sessiontest.NewStore[cart](tb)
	store.RunEditsOnce()
	return sessiontest.NewClient(tb, t.shop(tb, store)), store
}

var loaded = session.Event{Kind: session.EventLoaded, Operation: session.OperationLoad}
