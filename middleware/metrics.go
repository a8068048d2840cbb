package middleware

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
)

// bounds are the upper ends of the buckets of durations; there is one more above.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 5 * time.Second,
}

// Metrics count events and the time that stores take. Metrics.Observe is for
// [Options.Observe]. The zero Metrics is ready for use, and safe for concurrent
// use. It must not be copied.
//
// Metrics is an expvar.Var: it prints JSON with an object for each kind of event
// that has occurred.
//
//	expvar.Publish("sessions", metrics)
//
// There are as many counters as kinds of events, and visitors cannot add to them.
type Metrics struct {
	byKind [len(kinds)]counters
}

// A counters holds the counters of a kind of event.
type counters struct {
	events  atomic.Int64
	retries atomic.Int64
	nanos   atomic.Int64
	buckets [len(bounds) + 1]atomic.Int64
}

// kinds are the kinds of events that are counted, and an empty kind for events of other
// versions.
var kinds = [...]session.EventKind{
	session.EventCreated, session.EventLoaded, session.EventSaved, session.EventTouched, session.EventRenewed,
	session.EventDestroyed, session.EventRevoked, session.EventConflict, session.EventGone, session.EventReused,
	session.EventRejected, session.EventUndecodable, session.EventLate, session.EventFailed, session.EventExpired,
	session.EventRefused, session.EventTimeout, session.EventBound, session.EventRefreshed, session.EventUnproven,
	session.EventSkipped, "",
}

// Observe counts an event.
func (m *Metrics) Observe(_ context.Context, e session.Event) {
	i := 0
	for i < len(kinds)-1 && kinds[i] != e.Kind {
		i++
	}
	c := &m.byKind[i]
	c.events.Add(1)
	c.retries.Add(int64(max(0, e.Attempts-1)))
	if e.Duration <= 0 {
		return
	}
	c.nanos.Add(int64(e.Duration))
	bucket := 0
	for bucket < len(bounds) && e.Duration > bounds[bucket] {
		bucket++
	}
	c.buckets[bucket].Add(1)
}

// Counts are the counters of a kind of event.
type Counts struct {
	Events  int64   `json:"events"`
	Retries int64   `json:"retries"` // writes beyond the first
	Timed   int64   `json:"timed"`   // events that have a duration
	Seconds float64 `json:"seconds"` // the sum of the durations
	P50     float64 `json:"p50"`     // the median in seconds, as the upper end of its bucket
	P99     float64 `json:"p99"`     // as P50; durations above 5 s count as 5 s
}

// Snapshot returns the counters of the kinds that have occurred.
func (m *Metrics) Snapshot() map[session.EventKind]Counts {
	all := make(map[session.EventKind]Counts)
	for i := range m.byKind {
		if counts := m.byKind[i].counts(); counts.Events > 0 {
			all[kinds[i]] = counts
		}
	}
	return all
}

func (c *counters) counts() Counts {
	counts := Counts{Events: c.events.Load(), Retries: c.retries.Load(), Seconds: time.Duration(c.nanos.Load()).Seconds()}
	var buckets [len(bounds) + 1]int64
	for i := range buckets {
		buckets[i] = c.buckets[i].Load()
		counts.Timed += buckets[i]
	}
	counts.P50, counts.P99 = quantile(buckets[:], counts.Timed, 50), quantile(buckets[:], counts.Timed, 99)
	return counts
}

// quantile returns the upper end of the bucket below which percent of the total is.
func quantile(buckets []int64, total int64, percent int64) float64 {
	var below int64
	for i, n := range buckets {
		if below += n; total > 0 && below*100 >= total*percent {
			return bounds[min(i, len(bounds)-1)].Seconds()
		}
	}
	return 0
}

// String returns the counters as JSON, for expvar.
func (m *Metrics) String() string {
	named := make(map[string]Counts)
	for kind, counts := range m.Snapshot() {
		if kind == "" {
			kind = "other"
		}
		named[string(kind)] = counts
	}
	text, err := json.Marshal(named)
	if err != nil {
		return "{}"
	}
	return string(text)
}
