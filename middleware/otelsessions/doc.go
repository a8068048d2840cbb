// Package otelsessions reports the events of a session manager to OpenTelemetry, as
// metrics and as spans. It is a module of its own, so that only its users depend on
// OpenTelemetry.
//
//	telemetry, err := otelsessions.New(&otelsessions.Options{Manager: "carts"})
//	…
//	carts, err := sessions.New(store, &sessions.Options{Observe: telemetry.Observe})
//
// # Metrics
//
//   - sessions.events, a counter of events, with the attributes sessions.manager and
//     sessions.kind. The kinds are those of [session.EventKinds]. Ends of sessions also
//     have sessions.reason: a reason of [session.Reasons], or "other" for all reasons of
//     the application's own.
//   - sessions.operation.duration, a histogram in seconds: the time that the store took
//     for a load or a commit, with the attributes sessions.manager,
//     sessions.operation, sessions.kind and, for failures, error.type. Look-ups of
//     unknown tokens are not among them.
//   - sessions.stored, a gauge of stored sessions with the attribute sessions.manager,
//     if [Options].Stored knows their number.
//
// # Spans
//
// A load and a commit are each a span, "load session" and "commit session", from the
// time that the store was first asked until it had answered. They are children of the
// span in the request's context, such as that of otelhttp, whose handler must be around
// the manager's. Other events, such as conflict and rejected, become events of that
// span. There are no spans without a parent, and none if the parent is not recorded.
//
// A span has the attributes of the metrics and session.id, sessions.attempts and
// sessions.changes, the paths of the fields that changed. The ID is the
// session's name for life, as in logs, and gives no access. No attribute has a token, an owner, a value or
// the text of an error: error.type names the error's class.
//
// Spans are made when the operation is over. A store's own spans, such as those of an
// instrumented Redis client, are children of the request's span too.
package otelsessions
