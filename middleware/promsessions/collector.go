package promsessions

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed48429006/sessions/session"
)

const (
	// other is the label of kinds and operations that this version does not know, and of
	// the application's own reasons: a label has a bounded number of values.
	other = "other"

	// canceled is the label kind of an operation whose client went away while the
	// store worked. Its event is of the kind failed.
	canceled = "canceled"
)

// A Collector counts the events of one manager. Its Observe method is for the
// manager's option Observe. Make one with [New]. It is safe for concurrent use.
type Collector struct {
	events    *prometheus.CounterVec
	byKind    map[session.EventKind]prometheus.Counter
	ends      map[session.Reason]prometheus.Counter
	ended     *prometheus.CounterVec
	durations *prometheus.HistogramVec
	stored    prometheus.Collector // nil if the number is unknown
}

// New returns a collector, which is still to be registered. Nil options are the zero
// [Options]. The error names everything that is wrong with them at once.
//
// A registry refuses a second collector with the same [Options].Manager.
func New(o *Options) (*Collector, error) {
	if o == nil {
		o = new(Options)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	ends, manager := o.Buckets, prometheus.Labels{"manager": o.Manager}
	if ends == nil {
		ends = buckets
	}
	c := &Collector{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name:        "sessions_events_total",
			Help:        "Events in the life of sessions, by kind.",
			ConstLabels: manager,
		}, []string{"kind"}),
		byKind: make(map[session.EventKind]prometheus.Counter),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name:        "sessions_ended_total",
			Help:        "Ends of sessions, by reason.",
			ConstLabels: manager,
		}, []string{"reason"}),
		ends: make(map[session.Reason]prometheus.Counter),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:        "sessions_operation_duration_seconds",
			Help:        "Time that the store took for a load or a commit, by the kind of event that it ended with.",
			ConstLabels: manager,
			Buckets:     ends,
		}, []string{"operation", "kind"}),
	}
	for _, kind := range session.EventKinds() {
		c.byKind[kind] = c.events.WithLabelValues(string(kind)) // a rate needs the zero before the first event
	}
	for _, reason := range append(session.Reasons(), other) {
		if reason != session.ReasonRenewed { // after which the session lives on
			c.ends[reason] = c.ended.WithLabelValues(string(reason))
		}
	}
	if stored := o.Stored; stored != nil {
		c.stored = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "sessions_stored",
			Help:        "Sessions in the store.",
			ConstLabels: manager,
		}, func() float64 { return float64(stored()) })
	}
	return c, nil
}

// Observe counts an event.
func (c *Collector) Observe(_ context.Context, e session.Event) {
	kind := string(e.Kind)
	if counter, known := c.byKind[e.Kind]; known {
		counter.Inc()
	} else {
		kind = other
		c.events.WithLabelValues(kind).Inc()
	}
	if e.Reason != "" {
		counter, known := c.ends[e.Reason]
		if !known {
			counter = c.ends[other]
		}
		counter.Inc()
	}
	if e.Kind == session.EventFailed && errors.Is(e.Err, context.Canceled) {
		kind = canceled
	}
	if e.Ends() {
		c.durations.WithLabelValues(operation(e.Operation), kind).Observe(e.Duration.Seconds())
	}
}

func operation(o session.Operation) string {
	if o == session.OperationLoad || o == session.OperationCommit {
		return string(o)
	}
	return other
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, part := range c.parts() {
		part.Describe(descs)
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	for _, part := range c.parts() {
		part.Collect(metrics)
	}
}

func (c *Collector) parts() []prometheus.Collector {
	parts := []prometheus.Collector{c.events, c.ended, c.durations}
	if c.stored != nil {
		parts = append(parts, c.stored)
	}
	return parts
}
