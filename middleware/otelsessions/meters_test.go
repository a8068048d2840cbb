package otelsessions_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seed48429006/sessions/middleware/otelsessions"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// Requests are counted by their events and timed by how their operations ended.
func TestMetrics(t *testing.T) {
	t.Parallel()
	stored := 0
	tele := newTelemetry(t, otelsessions.Options{Manager: "carts", Stored: func() int { return stored }})
	ada, store := newClient(t, tele)
	ada.Get("/about")
	ada.Post("/items", sku)
	ada.Get("/items")
	ada.Post("/items", sku)
	store.ChangeMeanwhile(func(c *cart) { c.Items = nil })
	ada.Post("/items", sku)
	store.Down()
	ada.Get("/items")
	store.Up()
	store.Fail(sessiontest.OpSave, errFull)
	ada.Other().Post("/items", sku)
	stored = store.Direct().Len()
	want := map[string]int64{
		"events kind=created,manager=carts":                                                    1,
		"events kind=loaded,manager=carts":                                                     3,
		"events kind=saved,manager=carts":                                                      2,
		"events kind=conflict,manager=carts":                                                   1,
		"events kind=failed,manager=carts":                                                     2,
		"operation.duration kind=created,manager=carts,operation=commit":                       1,
		"operation.duration kind=loaded,manager=carts,operation=load":                          3,
		"operation.duration kind=saved,manager=carts,operation=commit":                         2,
		"operation.duration error.type=unavailable,kind=failed,manager=carts,operation=load":   1,
		"operation.duration error.type=unavailable,kind=failed,manager=carts,operation=commit": 1,
		"stored manager=carts":                                                                 1,
	}
	if got := prefixless(tele.counted(t)); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Names and units are as the semantic conventions want them, and durations in seconds.
func TestInstruments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tele := newTelemetry(t, otelsessions.Options{Stored: func() int { return 1 }})
		ada, store := newClient(t, tele)
		store.Slow(250 * time.Millisecond)
		ada.Post("/items", sku)
		units := make(map[string]string)
		for _, m := range tele.metrics(t) {
			units[m.Name] = m.Unit
			if m.Description == "" {
				t.Errorf("%s has no description", m.Name)
			}
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && !sum.IsMonotonic {
				t.Errorf("%s is no counter", m.Name)
			}
			if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
				if p := h.DataPoints[0]; p.Sum != .25 || len(p.Bounds) != 14 || p.BucketCounts[slices.Index(p.Bounds, .25)] != 1 {
					t.Errorf("%s has %+v", m.Name, p)
				}
			}
		}
		want := map[string]string{"sessions.events": "{event}", "sessions.operation.duration": "s", "sessions.stored": "{session}"}
		if !maps.Equal(units, want) {
			t.Errorf("units %v", units)
		}
	})
}

// Kinds and operations of other versions share an attribute, however many there are.
func TestAttributesAreBounded(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{})
	for _, name := range []string{"a", "b", "\xff"} {
		tele.Observe(t.Context(), session.Event{Kind: session.EventKind(name), Operation: session.Operation(name), Start: time.Now(), Duration: 1})
	}
	want := map[string]int64{
		"sessions.events kind=other,manager=":                             3,
		"sessions.operation.duration kind=other,manager=,operation=other": 3,
	}
	if got := tele.counted(t); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Events are counted while metrics are collected.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{})
	shop := tele.shop(t, sessiontest.NewStore[cart](t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sessiontest.NewClient(t, shop).Post("/items", sku)
			tele.metrics(t)
		})
	}
	wg.Wait()
	if got := tele.counted(t)["sessions.events kind=created,manager="]; got != 8 || len(tele.spans.Ended()) != 16 {
		t.Errorf("%d sessions were created, with %d spans", got, len(tele.spans.Ended()))
	}
}

// A refuser makes no metric.
type refuser struct {
	noop.MeterProvider
	err error
}

func (r refuser) Meter(string, ...metric.MeterOption) metric.Meter { return meter{err: r.err} }

type meter struct {
	noop.Meter
	err error
}

func (m meter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, m.err
}

func (m meter) Int64ObservableGauge(string, ...metric.Int64ObservableGaugeOption) (metric.Int64ObservableGauge, error) {
	return nil, m.err
}

// All mistakes are reported at once.
func TestMistakes(t *testing.T) {
	t.Parallel()
	errRefused := errors.New("refused")
	o, err := otelsessions.New(&otelsessions.Options{Manager: "\xff", MeterProvider: refuser{err: errRefused}, Stored: func() int { return 0 }})
	if o != nil || !errors.Is(err, errRefused) || strings.Count(err.Error(), "refused") != 2 || !strings.Contains(err.Error(), "Manager") {
		t.Errorf("got %v, %v", o, err)
	}
	if o, err := otelsessions.New(&otelsessions.Options{Manager: "\xff"}); o != nil || err == nil || !strings.Contains(err.Error(), "Manager") {
		t.Errorf("with the global providers: got %v, %v", o, err)
	}
}

func BenchmarkObserve(b *testing.B) {
	tele := newTelemetry(b, otelsessions.Options{})
	e := loaded
	e.Start, e.Duration = time.Now(), time.Millisecond
	b.ReportAllocs()
	for b.Loop() {
		tele.Observe(b.Context(), e)
	}
}

// Reasons of the application's own are one attribute, so that it cannot grow without
// bound.
func TestReasonsOfEnds(t *testing.T) {
	t.Parallel()
	tele := newTelemetry(t, otelsessions.Options{Manager: "carts"})
	for _, reason := range []session.Reason{session.ReasonOperator, "password_changed", "fraud"} {
		tele.Observe(t.Context(), session.Event{Kind: session.EventRevoked, Reason: reason})
	}
	want := map[string]int64{"events kind=revoked,manager=carts,reason=operator": 1, "events kind=revoked,manager=carts,reason=other": 2}
	if got := prefixless(tele.counted(t)); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func prefixless(counts map[string]int64) map[string]int64 {
	all := make(map[string]int64)
	for name, n := range counts {
		all[strings.TrimPrefix(name, "sessions.")] = n
	}
	return all
}
