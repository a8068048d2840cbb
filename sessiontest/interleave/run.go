package interleave

import (
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// tick is how much time passes between two steps: enough to tell the times
// before and after a step apart, in the milliseconds of a record.
const tick = time.Millisecond

// An injection is a fault at a step of an actor. The zero injection is none.
type injection struct {
	fault Fault
	actor int
	step  int
}

// A run is one order of the steps of all actors. One of them at a time is at
// work, the others are at their gates, so that it needs no locks.
type run[T any] struct {
	t        *testing.T
	overlap  *Overlap[T]
	explorer *explorer
	injected injection // that happened
	store    session.Store[T]
	start    session.Token
	actors   []*actor[T]
	steps    []Step
	seen     map[session.ID]int // in the order of their first step
}

// An actor is a request, or one of [Overlap.Others].
type actor[T any] struct {
	gate   gate
	result Result[T]
}

func (o *Overlap[T]) newRun(t *testing.T, e *explorer) *run[T] {
	r := &run[T]{t: t, overlap: o, explorer: e, seen: make(map[session.ID]int)}
	if o.Store != nil {
		r.store = o.Store()
	} else {
		r.store = memstore.New[T](&memstore.Options{MaxSessions: 1000}) // cheap to make
	}
	r.seed()
	for _, handler := range o.Handlers {
		r.join(func(p *actor[T], store session.Store[T]) { r.serve(p, store, handler) })
	}
	for _, other := range o.Others {
		r.join(func(p *actor[T], store session.Store[T]) { p.result.Err = other(t.Context(), store) })
	}
	return r
}

// seed stores the session that the requests find.
func (r *run[T]) seed() {
	var zero T
	if deep.Of[T]().Equal(&zero, &r.overlap.Start) {
		return
	}
	s := session.New(r.store, r.overlap.Policy)
	s.Set(r.overlap.Start)
	if err := s.Commit(r.t.Context()); err != nil {
		r.t.Fatalf("sessiontest: the session cannot be stored: %v", err)
	}
	r.start, _ = s.Token()
	r.see(s.ID())
	time.Sleep(r.overlap.Age)
}

func (r *run[T]) join(act func(*actor[T], session.Store[T])) {
	p := &actor[T]{gate: gate{actor: len(r.actors)}}
	p.gate.open(func() { act(p, &gated[T]{r, &p.gate}) })
	r.actors = append(r.actors, p)
}

// serve handles one request as a server does.
func (r *run[T]) serve(p *actor[T], store session.Store[T], handler func(*session.Session[T])) {
	s := session.New(store, r.overlap.Policy)
	if !r.start.IsZero() {
		if s, p.result.Err = session.Load(r.t.Context(), store, r.overlap.Policy, r.start); p.result.Err != nil {
			return
		}
	}
	p.result.Session = s
	handler(s)
	if p.result.Err = s.Commit(r.t.Context()); p.result.Err == nil && !s.Gone() {
		p.result.Token, _ = s.Token()
	}
}

// execute lets all actors come to their first steps, and then takes one step
// after the other until all are done.
func (r *run[T]) execute() {
	ready := slices.Clone(r.actors)
	for _, p := range ready {
		r.resume(p)
	}
	for {
		ready = slices.DeleteFunc(ready, func(p *actor[T]) bool { return p.gate.done })
		if len(ready) == 0 {
			return
		}
		time.Sleep(tick)
		p := ready[r.explorer.choose(len(ready))]
		p.gate.fault = r.inject(p, Fails, LosesReply)
		r.resume(p)
	}
}

// resume lets an actor go on until it is at its gate again or done. Its death is
// not seen and needs no order: it comes at once.
func (r *run[T]) resume(p *actor[T]) {
	p.gate.resume()
	if !p.gate.done && r.inject(p, Dies) != "" {
		p.gate.fault = Dies
		p.gate.resume()
		p.result = Result[T]{Session: p.result.Session, Died: true}
	}
}

// inject chooses one of these faults for the step that the actor is at, or none.
func (r *run[T]) inject(p *actor[T], faults ...Fault) Fault {
	if r.injected.fault != "" {
		return ""
	}
	faults = slices.DeleteFunc(faults, func(f Fault) bool { return !slices.Contains(r.overlap.Faults, f) })
	n := r.explorer.choose(1 + len(faults))
	if n == 0 {
		return ""
	}
	r.injected = injection{faults[n-1], p.gate.actor, p.gate.steps}
	return r.injected.fault
}

// see gives an ID a number.
func (r *run[T]) see(id session.ID) {
	if _, known := r.seen[id]; !known && !id.IsZero() {
		r.seen[id] = len(r.seen)
	}
}

// checkOutcome calls check, and shows the order that it finds fault with.
func (r *run[T]) checkOutcome(check func(testing.TB, Outcome[T])) {
	out := Outcome[T]{Start: r.start, Steps: r.steps, Fault: r.injected.fault, run: r}
	for _, p := range r.actors {
		out.Results = append(out.Results, p.result)
	}
	defer func() {
		if r.t.Failed() {
			r.t.Logf("this was with the order of steps number %d:\n%v", r.explorer.orders, out)
		}
	}()
	check(r.t, out)
}
