// Package interleave runs overlapping requests in every order of their calls to the
// store.
//
//	interleave.Overlap[Cart]{Handlers: []func(*session.Session[Cart]){addTea, addCup}}.Run(t,
//		func(tb testing.TB, out interleave.Outcome[Cart]) {
//			for _, rec := range out.Live() {
//				...
//			}
//		})
package interleave

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/explore"
	"github.com/seed48429006/sessions/session"
)

// DefaultMaxOrders is the bound of orders if [Overlap].MaxOrders is zero.
const DefaultMaxOrders = 100_000

// An Overlap is a set of requests that use sessions of type T at the same time.
// [Overlap.Run] runs them in every order.
type Overlap[T any] struct {
	// Start is the value of the session whose token the requests bear. If it is
	// the zero value, they bear no token, and each begins with a new session.
	Start T

	// Handlers run as overlapping requests. Each request loads the session, runs its
	// handler and commits.
	//
	// Each handler runs once for each order. Each time, it must set the variables
	// that it shares. It must not wait for another handler, start goroutines that use
	// the session, or depend on chance.
	Handlers []func(*session.Session[T])

	// Others run beside the requests. Their calls to the store are steps, as are
	// calls of [Part] with their context. They can revoke sessions. They must not use
	// a handler's session: its commit would let them wait.
	Others []func(context.Context, session.Store[T]) error

	// Age is the time between the session's creation and the requests. After a
	// sixteenth of the idle timeout, a request that only reads touches the session.
	Age time.Duration

	// Policy is the sessions' policy. Nil is the default.
	Policy *session.Policy

	// Faults are injected, one in an order, at every step of every request and
	// other. Each order also runs without a fault.
	Faults []Fault

	// Store returns an empty store. It is called for each order. Nil means a
	// [memstore.Store]. [Outcome.Live] needs a [session.Lister], and
	// [Outcome.Owned] a [session.Indexer].
	Store func() session.Store[T]

	// Fine makes the parts of a call that the store marks by [Part] the steps,
	// instead of the whole call.
	Fine bool

	// MaxOrders bounds the orders, with the orders of faults. The test fails if there are
	// more. Zero means [DefaultMaxOrders].
	MaxOrders int
}

// A Fault is a failure that is injected into a step.
type Fault string

const (
	// Dies ends the process that serves the request, instead of the step.
	Dies Fault = "dies instead"

	// Fails makes the step return an error without being carried out.
	Fails Fault = "fails"

	// LosesReply makes the step return an error although it was carried out.
	LosesReply Fault = "is done, but its reply is lost"
)

// Run runs the requests in every order of their steps, and each order again with
// each of the faults at each step. It calls check with the outcome of each order.
// It shows the first order for which check fails, and stops.
//
// Run creates a [testing/synctest] bubble, where waiting takes no time, so it cannot
// be called in one. It logs the number of orders, and fails if there are more than
// MaxOrders. Two requests that load and save have 6 orders and three have 90. A
// conflict adds orders, since its request tries again.
func (o Overlap[T]) Run(t *testing.T, check func(testing.TB, Outcome[T])) {
	t.Helper()
	if o.MaxOrders == 0 {
		o.MaxOrders = DefaultMaxOrders
	}
	var e explore.Explorer
	orders, faulty := 0, 0
	synctest.Test(t, func(t *testing.T) {
		for more := true; more && !t.Failed(); more = e.Next() {
			r := o.newRun(t, &e)
			r.execute()
			orders++
			r.number = orders
			if r.injected.fault != "" {
				faulty++
			}
			switch {
			case e.Diverged:
				t.Fatal("interleave: the same order of steps led to other calls; handlers must not depend on chance")
			case orders > o.MaxOrders:
				t.Fatalf("interleave: there are more than %d orders; use fewer or shorter handlers, or set Overlap.MaxOrders", o.MaxOrders)
			}
			r.checkOutcome(check)
		}
	})
	t.Logf("%d orders of steps, and %d with a fault", orders-faulty, faulty)
}
