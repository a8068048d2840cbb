package otelsessions

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/seed48429006/sessions/session"
)

// buckets reach from a store in memory to one that times out, in seconds.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}

// meters are the instruments of one manager. The options with the attributes are made
// once for all events that succeed.
type meters struct {
	manager   string
	events    metric.Int64Counter
	durations metric.Float64Histogram
	ofKind    map[session.EventKind][]metric.AddOption
	ofEnd     map[end][]metric.RecordOption
}

// An end is how an operation ended.
type end struct {
	operation session.Operation
	kind      session.EventKind
}

func newMeters(o *Options) (meters, error) {
	meter := o.MeterProvider.Meter(scope)
	events, err1 := meter.Int64Counter("sessions.events", metric.WithUnit("{event}"),
		metric.WithDescription("Events in the life of sessions, by kind."))
	durations, err2 := meter.Float64Histogram("sessions.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Time that the store took for a load or a commit, by the kind of event that it ended with."),
		metric.WithExplicitBucketBoundaries(buckets...))
	err := errors.Join(err1, err2, gauge(meter, o))
	if err != nil {
		return meters{}, fmt.Errorf("otelsessions: %w", err)
	}
	m := meters{o.Manager, events, durations, make(map[session.EventKind][]metric.AddOption), make(map[end][]metric.RecordOption)}
	for _, kind := range append(session.EventKinds(), other) {
		m.ofKind[kind] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(managerKey.String(m.manager), kindKey.String(string(kind))))}
		for _, operation := range []session.Operation{session.OperationLoad, session.OperationCommit, other} {
			m.ofEnd[end{operation, kind}] = []metric.RecordOption{m.attributes(operation, kind)}
		}
	}
	return m, nil
}

// gauge makes the gauge of stored sessions, if their number is known.
func gauge(meter metric.Meter, o *Options) error {
	stored := o.Stored
	if stored == nil {
		return nil
	}
	manager := metric.WithAttributeSet(attribute.NewSet(managerKey.String(o.Manager)))
	_, err := meter.Int64ObservableGauge("sessions.stored", metric.WithUnit("{session}"),
		metric.WithDescription("Sessions in the store."),
		metric.WithInt64Callback(func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(int64(stored()), manager)
			return nil
		}))
	return err
}

func (m *meters) attributes(operation session.Operation, kind session.EventKind, more ...attribute.KeyValue) metric.MeasurementOption {
	all := append(more, managerKey.String(m.manager), operationKey.String(string(operation)), kindKey.String(string(kind)))
	return metric.WithAttributeSet(attribute.NewSet(all...))
}

// count counts an event, and how long its operation took if it ended one.
func (m *meters) count(ctx context.Context, e *session.Event) {
	kind, operation := known(e)
	if reason := knownReason(e); reason != "" {
		m.events.Add(ctx, 1, metric.WithAttributes(managerKey.String(m.manager), kindKey.String(string(kind)), reasonKey.String(string(reason))))
	} else {
		m.events.Add(ctx, 1, m.ofKind[kind]...)
	}
	switch {
	case !e.Ends():
	case kind.Trouble():
		m.durations.Record(ctx, e.Duration.Seconds(), m.attributes(operation, kind, errorType(e.Err)))
	default:
		m.durations.Record(ctx, e.Duration.Seconds(), m.ofEnd[end{operation, kind}]...)
	}
}
