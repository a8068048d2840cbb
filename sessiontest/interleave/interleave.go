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

	"github.com/seed48429006/sessions/session"
)

// DefaultMaxOrders is how many orders are tried unless [Overlap] has another bound.
const DefaultMaxOrders = 100_000

// An Overlap is a set of things that happen at the same time to sessions of type T.
// [Overlap.Run] runs them in every order.
type Overlap[T any] struct {
	// Start is the value of the session whose token the requests bear. If it is
	// the zero value, they bear no token, and each begins with a new session.
	Start T

	// Handlers run as overlapping requests. Each loads the session, runs its
	// handler and commits. They are called once for each order: a handler that
	// leaves something in a variable must set it each time. A handler must not
	// wait for another, start goroutines that use the session, or depend on chance.
	Handlers []func(*session.Session[T])

	// Others use the store itself while the requests are under way, for example
	// to revoke sessions. Their calls are steps like those of the requests.
	Others []func(context.Context, session.Store[T]) error

	// Age is how long ago the session was stored when the requests come. After
	// a sixteenth of its idle timeout, a request that only reads touches it.
	Age time.Duration

	// Policy is the sessions' policy. Nil is the default.
	Policy *session.Policy

	// Faults happen once in an order: each is tried at every step of every request
	// and other, and so is no fault at all.
	Faults []Fault

	// Store returns an empty store. It is called for each order. Nil means a
	// [memstore.Store]. It should be a [session.Lister] for [Outcome.Live] and a
	// [session.Indexer] for [Outcome.Owned].
	Store func() session.Store[T]

	// Fine says that the steps are not the calls to the store, but the parts that
	// the store marks by [Part] within them.
	Fine bool

	// MaxOrders is how many orders are tried at most, those with faults
	// included; the test fails if there are more. Zero means [DefaultMaxOrders].
	MaxOrders int
}

// A Fault is something that goes wrong with a step.
type Fault string

const (
	// Dies ends the process that serves the request, instead of the step.
	Dies Fault = "dies instead"

	// Fails makes the step return an error instead of doing anything.
	Fails Fault = "fails"

	// LosesReply makes the step return an error although it was done.
	LosesReply Fault = "is done, but its reply is lost"
)

// Run runs the requests in every order of their steps, and each order again with
// each of the faults at each step. After each order it calls check with the
// outcome. It shows the first order that check fails, and stops.
//
// Everything happens in one [testing/synctest] bubble, so Run cannot be called in
// one. Waiting takes no time there. Run logs how many orders there were, and fails
// if they are more than MaxOrders. Two requests that load and save have 6, three
// have 90, and more where a conflict makes them try again.
func (o Overlap[T]) Run(t *testing.T, check func(testing.TB, Outcome[T])) {
	t.Helper()
	if o.MaxOrders == 0 {
		o.MaxOrders = DefaultMaxOrders
	}
	var e explorer
	synctest.Test(t, func(t *testing.T) {
		for more := true; more && !t.Failed(); more = e.next() {
			r := o.newRun(t, &e)
			r.execute()
			e.orders++
			if r.injected.fault != "" {
				e.faulty++
			}
			switch {
			case e.strayed:
				t.Fatal("sessiontest: the same choices led to other calls: what the handlers do must not depend on chance")
			case e.orders > o.MaxOrders:
				t.Fatalf("sessiontest: there are more than %d orders: use fewer handlers, or ones that do less, or set Overlap.MaxOrders", o.MaxOrders)
			}
			r.checkOutcome(check)
		}
	})
	t.Logf("%d orders of steps, and %d with a fault", e.orders-e.faulty, e.faulty)
}
