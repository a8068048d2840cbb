// Package promsessions exports the events of a session manager as metrics for
// Prometheus. It is a module of its own, so that only its users depend on
// client_golang.
//
//	metrics, err := promsessions.New(&promsessions.Options{Manager: "carts", Stored: store.Len})
//	…
//	prometheus.MustRegister(metrics)
//	carts, err := sessions.New(store, &sessions.Options{Observe: metrics.Observe})
//
// # Metrics
//
//   - sessions_events_total, a counter with the labels manager and kind. The kinds are
//     those of [session.EventKinds], each of which is there from the start, at zero.
//   - sessions_ended_total, a counter with the labels manager and reason: ends of sessions,
//     by the reasons of [session.Reasons] and "other", which stands for all reasons of the
//     application's own. Not every session that timed out is counted: the store has to
//     tell of it, as memstore does, or its visitor to come back and ask sessions.Ended.
//   - sessions_operation_duration_seconds, a histogram with the labels manager,
//     operation and kind: the time that the store took for a load or a commit, by the
//     kind of event that it ended with. The kind is "canceled", in place of "failed",
//     if the client went away meanwhile. Look-ups of unknown tokens are not among them.
//   - sessions_stored, a gauge with the label manager: the number of stored sessions,
//     if [Options].Stored knows it.
//
// The values of all labels are constants of this module and of the program, whatever
// visitors do. No label has an owner, an ID or a part of a token.
//
// # Dashboard and alerts
//
// The module's folder has grafana.json, a dashboard to import into Grafana 12 or
// later, and rules.yml with alerts for Prometheus. The operators' guide says what each
// alert means.
package promsessions
