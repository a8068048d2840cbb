package otelsessions

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed48429006/sessions/session"
)

// spans add events to traces.
type spans struct {
	tracer  trace.Tracer
	manager string
}

// add adds an event to the trace of ctx, whose span is parent: as a span if the event
// ended a timed operation, or else as an event of parent.
func (s *spans) add(ctx context.Context, parent trace.Span, e *session.Event) {
	attributes := trace.WithAttributes(s.attributes(e)...)
	kind, operation := known(e)
	if !e.Ends() {
		parent.AddEvent("session "+string(kind), attributes)
		return
	}
	_, span := s.tracer.Start(ctx, string(operation)+" session", trace.WithTimestamp(e.Start), attributes)
	if kind.Trouble() && !errors.Is(e.Err, context.Canceled) { // the client's leaving is nobody's error
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(e.Start.Add(e.Duration)))
}

func (s *spans) attributes(e *session.Event) []attribute.KeyValue {
	kind, operation := known(e)
	all := make([]attribute.KeyValue, 0, 8)
	all = append(all, managerKey.String(s.manager), kindKey.String(string(kind)))
	if e.Operation != "" {
		all = append(all, operationKey.String(string(operation)))
	}
	if !e.ID.IsZero() {
		all = append(all, idKey.String(e.ID.String()))
	}
	if reason := knownReason(e); reason != "" {
		all = append(all, reasonKey.String(string(reason)))
	}
	if e.Attempts > 0 {
		all = append(all, attemptsKey.Int(e.Attempts))
	}
	if len(e.Changes) > 0 {
		all = append(all, changesKey.StringSlice(e.Changes))
	}
	if kind.Trouble() {
		all = append(all, errorType(e.Err))
	}
	return all
}
