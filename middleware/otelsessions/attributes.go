package otelsessions

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"

	"github.com/seed48429006/sessions/session"
)

// The attributes. Those without the prefix are of OpenTelemetry's semantic
// conventions.
const (
	managerKey   = attribute.Key("sessions.manager")
	kindKey      = attribute.Key("sessions.kind")
	operationKey = attribute.Key("sessions.operation")
	reasonKey    = attribute.Key("sessions.reason")
	attemptsKey  = attribute.Key("sessions.attempts")
	changesKey   = attribute.Key("sessions.changes")
	idKey        = attribute.Key("session.id")
	errorTypeKey = attribute.Key("error.type")
)

// other stands for kinds and operations that this version does not know, and for the
// application's own reasons.
const other = "other"

var kinds = func() map[session.EventKind]bool {
	all := make(map[session.EventKind]bool)
	for _, kind := range session.EventKinds() {
		all[kind] = true
	}
	return all
}()

// known returns an event's kind and operation, each other if it is not known.
func known(e *session.Event) (kind session.EventKind, operation session.Operation) {
	kind, operation = e.Kind, e.Operation
	if !kinds[kind] {
		kind = other
	}
	if operation != session.OperationLoad && operation != session.OperationCommit {
		operation = other
	}
	return kind, operation
}

// knownReason returns an event's reason, or other if it is the application's own, so that
// metrics have a bounded number of attributes.
func knownReason(e *session.Event) session.Reason {
	if e.Reason == "" || slices.Contains(session.Reasons(), e.Reason) {
		return e.Reason
	}
	return other
}

// errorTypes are the classes of errors, the most specific first.
var errorTypes = []struct {
	is   func(error) bool
	name string
}{
	{is(context.Canceled), "canceled"},
	{is(context.DeadlineExceeded), "timeout"},
	{is(session.ErrTimeout), "timeout"},
	{is(session.ErrLate), "late"},
	{is(session.ErrTooLarge), "too_large"},
	{is(session.ErrNewer), "newer_version"},
	{as[*session.EncodeError], "encode"},
	{as[*session.DecodeError], "decode"},
	{is(session.ErrUnavailable), "unavailable"},
	{is(session.ErrConflict), "conflict"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// errorType returns the class of an error. An error's text may have a value of the
// session or the address of a server.
func errorType(err error) attribute.KeyValue {
	for _, t := range errorTypes {
		if t.is(err) {
			return errorTypeKey.String(t.name)
		}
	}
	return errorTypeKey.String("_OTHER")
}
