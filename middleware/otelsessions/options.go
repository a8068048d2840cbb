package otelsessions

import (
	"fmt"
	"unicode/utf8"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Options are the options of an [Observer]. The zero Options is for the only manager
// of a process that has set OpenTelemetry's global providers.
type Options struct {
	// Manager is the attribute sessions.manager. It tells apart the managers of a
	// process, and is empty if there is only one. Observers of one name are counted
	// as one.
	Manager string

	// TracerProvider makes the spans. Nil means the global one.
	TracerProvider trace.TracerProvider

	// MeterProvider makes the metrics. Nil means the global one.
	MeterProvider metric.MeterProvider

	// Stored, if not nil, returns the number of stored sessions, such as the Len
	// method of a memory store. It is called whenever metrics are collected, and must
	// be quick, safe for concurrent use, and not panic. Nil means that there is no
	// gauge.
	Stored func() int
}

// complete returns the options with the values that nil stands for.
func (o *Options) complete() (Options, error) {
	if o == nil {
		o = new(Options)
	}
	full := *o
	if full.TracerProvider == nil {
		full.TracerProvider = otel.GetTracerProvider()
	}
	if full.MeterProvider == nil {
		full.MeterProvider = otel.GetMeterProvider()
	}
	if !utf8.ValidString(o.Manager) {
		return full, fmt.Errorf("otelsessions: Manager is %q, which is not UTF-8", o.Manager)
	}
	return full, nil
}
