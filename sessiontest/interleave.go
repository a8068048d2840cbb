package sessiontest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// DefaultMaxOrders is how many orders are tried unless [Overlap] has another bound.
const DefaultMaxOrders = 100_000

// Interleave runs handlers as overlapping requests that bear the same token, of
// a session that holds start, in every order of their calls to the store: each
// request loads the session, runs its handler and commits. After each order,
// check is called with the outcome. The first order that it fails is shown and
// is the last:
//
//	sessiontest.Interleave(t, Cart{}, []func(*session.Session[Cart]){addTea, addCup},
//		func(tb testing.TB, out sessiontest.Outcome[Cart]) {
//			rec, err := out.Load(out.Start)
//			if err != nil || len(rec.Value.Items) != 2 {
//				tb.Errorf("%v, %v", rec.Value.Items, err)
//			}
//		})
//
// If start is the zero value, the requests bear no token, and each begins with a
// new session.
//
// Handlers and check are called once for each order: what a handler leaves in a
// variable, it must set each time. A handler must not wait for another, start
// goroutines that use the session, or do what makes its calls depend on chance.
// Everything happens in one [testing/synctest] bubble, so Interleave cannot be
// called in one; waiting takes no time there.
//
// It logs how many orders there were, and fails if they are more than
// [DefaultMaxOrders]. Two requests that load and save have 6, three have 90, and
// more where a conflict makes them try again. See [Overlap] for more than this.
func Interleave[T any](t *testing.T, start T, handlers []func(*session.Session[T]), check func(testing.TB, Outcome[T])) {
	t.Helper()
	Overlap[T]{Start: start, Handlers: handlers}.Run(t, check)
}

// An Overlap is what happens at the same time to sessions of type T. Start and
// Handlers are as for [Interleave].
type Overlap[T any] struct {
	Start    T
	Handlers []func(*session.Session[T])

	// Others use the store itself while the requests are under way, for example
	// to revoke sessions. Their calls are steps like those of the requests.
	Others []func(context.Context, session.Store[T]) error

	// Age is how long ago the session was stored when the requests come. After
	// a sixteenth of its idle timeout, a request that only reads touches it.
	Age time.Duration

	// Policy is the sessions' policy. Nil is the default.
	Policy *session.Policy

	// Faults are what may go wrong, once in an order: each is tried at every step
	// of every request and other, and so is no fault at all.
	Faults []Fault

	// Store returns an empty store. It is called for each order. Nil means a
	// [memstore.Store]. It should be a [session.Lister] for [Outcome.Live] and a
	// [session.Indexer] for [Outcome.Owned].
	Store func() session.Store[T]

	// Fine says that the steps are not the calls to the store, but what the
	// store marks by [Part] within them.
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

// Run runs the requests in every order of their steps, as [Interleave] does, and
// in all of these with each of the faults at each step.
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
			if r.accident.fault != "" {
				e.faulty++
			}
			switch {
			case e.strayed:
				t.Fatal("sessiontest: the same choices led to other calls: what the handlers do must not depend on chance")
			case e.orders > o.MaxOrders:
				t.Fatalf("sessiontest: there are more than %d orders: use fewer handlers, or ones that do less, or set Overlap.MaxOrders", o.MaxOrders)
			}
			r.judge(check)
		}
	})
	t.Logf("%d orders of steps, and %d with a fault", e.orders-e.faulty, e.faulty)
}
