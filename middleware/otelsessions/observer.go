package otelsessions

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/seed48429006/sessions/session"
)

// scope names this module to OpenTelemetry.
const scope = "github.com/seed48429006/sessions/middleware/otelsessions"

// An Observer reports the events of one manager. Its Observe method is for the
// manager's option Observe. Make one with [New]. It is safe for concurrent use.
type Observer struct {
	meters meters
	spans  spans
}

// New returns an observer. Nil options are the zero [Options]. The error names
// everything that is wrong with them, and every metric that the MeterProvider refuses,
// at once.
func New(o *Options) (*Observer, error) {
	full, invalid := o.complete()
	meters, err := newMeters(&full)
	if err := errors.Join(invalid, err); err != nil {
		return nil, err
	}
	return &Observer{meters: meters, spans: spans{full.TracerProvider.Tracer(scope), full.Manager}}, nil
}

// Observe counts an event, and adds it to the trace of ctx if that is recorded.
func (o *Observer) Observe(ctx context.Context, e session.Event) {
	o.meters.count(ctx, &e)
	if parent := trace.SpanFromContext(ctx); parent.IsRecording() {
		o.spans.add(ctx, parent, &e)
	}
}
