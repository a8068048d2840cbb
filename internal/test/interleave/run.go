package interleave

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/explore"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// tick is the time between two steps: records, whose times are in milliseconds,
// then tell the one from the other.
const tick = time.Millisecond

// An injection is a fault at a step of an actor. The zero injection is none.
type injection struct {
	fault Fault
	actor int
	step  int
}

// A run is one order of the steps of all actors. One actor takes a step at a time, and
// the run goes on when all actors wait. So a run needs no locks.
type run[T any] struct {
	t        *testing.T
	overlap  *Overlap[T]
	explorer *explore.Explorer
	number   int // among all runs
	injected injection
	store    session.Store[T]
	start    session.Token
	actors   []*actor[T]
	steps    []Step
	numbers  map[session.ID]int // of the sessions, in the order of their first steps
}

// An actor is a request, or a function of [Overlap.Others].
type actor[T any] struct {
	gate   gate
	act    func()
	result Result[T]
}

func (o *Overlap[T]) newRun(t *testing.T, e *explore.Explorer) *run[T] {
	r := &run[T]{t: t, overlap: o, explorer: e, numbers: make(map[session.ID]int)}
	if o.Store != nil {
		r.store = o.Store()
	} else {
		r.store = memstore.New[T](&memstore.Options{MaxSessions: 1000}) // cheap to make
	}
	r.storeStart()
	for _, handler := range o.Handlers {
		r.add(func(a *actor[T], store *gated[T]) { r.serve(a, store, handler) })
	}
	for _, other := range o.Others {
		r.add(func(a *actor[T], store *gated[T]) {
			ctx := context.WithValue(t.Context(), partKey{}, stepper(ownSteps[T]{store}))
			a.result.Err = other(ctx, store)
		})
	}
	return r
}

// storeStart stores the session that the requests load.
func (r *run[T]) storeStart() {
	var zero T
	if deep.Of[T]().Equal(&zero, &r.overlap.Start) {
		return
	}
	s := session.New(r.store, r.overlap.Policy)
	s.Set(r.overlap.Start)
	if err := s.Commit(r.t.Context()); err != nil {
		r.t.Fatalf("interleave: the session cannot be stored: %v", err)
	}
	r.start, _ = s.Token()
	r.enumerate(s.ID())
	time.Sleep(r.overlap.Age)
}

func (r *run[T]) add(act func(*actor[T], *gated[T])) {
	a := &actor[T]{gate: gate{actor: len(r.actors)}}
	a.act = func() { act(a, &gated[T]{r, &a.gate}) }
	r.actors = append(r.actors, a)
}

// serve is one request, as a server handles it.
func (r *run[T]) serve(a *actor[T], store session.Store[T], handler func(*session.Session[T])) {
	s := session.New(store, r.overlap.Policy)
	if !r.start.IsZero() {
		if s, a.result.Err = session.Load(r.t.Context(), store, r.overlap.Policy, r.start, time.Time{}); a.result.Err != nil {
			return
		}
	}
	a.result.Session = s
	handler(s)
	a.result.Err = s.Commit(r.t.Context())
	if a.result.Err == nil && !s.Gone() {
		a.result.Token, _ = s.Token()
	}
}

// execute runs all actors to their first steps, and then takes one step after the
// other until all are done.
func (r *run[T]) execute() {
	for _, a := range r.actors {
		a.gate.open(a.act)
		r.offerDeath()
	}
	for {
		ready, waits := r.ready()
		switch {
		case len(ready) > 0:
			time.Sleep(tick)
			a := ready[r.explorer.Choose(len(ready))]
			a.gate.resume(r.inject(a, Fails, LosesReply))
			r.offerDeath()
		case waits:
			r.t.Fatal("interleave: the requests wait for each other")
		default:
			return
		}
	}
}

// ready returns the actors that are at their gates, and reports whether others wait for
// something else.
func (r *run[T]) ready() (ready []*actor[T], waits bool) {
	for _, a := range r.actors {
		switch {
		case a.gate.at.Load():
			ready = append(ready, a)
		case !a.gate.done.Load():
			waits = true
		}
	}
	return ready, waits
}

// offerDeath lets an actor that has come to its gate die there, or not. If it dies, it
// does so at once: no other actor can see when.
func (r *run[T]) offerDeath() {
	for _, a := range r.actors {
		if !a.gate.at.Load() || a.gate.seen {
			continue
		}
		if a.gate.seen = true; r.inject(a, Dies) != "" {
			a.gate.resume(Dies)
			a.result = Result[T]{Session: a.result.Session, Died: true}
			r.offerDeath() // others may have waited for it
			return
		}
	}
}

// inject chooses a fault, or none, for the actor's next step.
func (r *run[T]) inject(a *actor[T], faults ...Fault) Fault {
	if r.injected.fault != "" {
		return ""
	}
	faults = slices.DeleteFunc(faults, func(f Fault) bool { return !slices.Contains(r.overlap.Faults, f) })
	n := r.explorer.Choose(1 + len(faults))
	if n == 0 {
		return ""
	}
	r.injected = injection{faults[n-1], a.gate.actor, a.gate.steps}
	return r.injected.fault
}

// enumerate gives an ID a number.
func (r *run[T]) enumerate(id session.ID) {
	if _, known := r.numbers[id]; !known && !id.IsZero() {
		r.numbers[id] = len(r.numbers)
	}
}

// checkOutcome calls check, and shows the order of steps if it fails.
func (r *run[T]) checkOutcome(check func(testing.TB, Outcome[T])) {
	out := Outcome[T]{Start: r.start, Steps: r.steps, Fault: r.injected.fault, run: r}
	for _, a := range r.actors {
		out.Results = append(out.Results, a.result)
	}
	defer func() {
		if r.t.Failed() {
			r.t.Logf("this was with the order of steps number %d:\n%v", r.number, out)
		}
	}()
	check(r.t, out)
}
