package interleave

import (
	"context"
	"errors"
	"iter"
)

var errFault = errors.New("interleave: a fault of the test's own")

// A gate holds an actor back until its turn. The actor is a coroutine: it runs only
// inside resume, which returns when the actor is at the gate again.
type gate struct {
	actor int   // index of the actor
	steps int   // number of steps taken
	fault Fault // to inject into the next step
	done  bool  // the actor has returned
	wait  func(struct{}) bool
	next  func() (struct{}, bool)
}

// death is the value that an actor panics with when it dies.
type death struct{}

// open prepares the actor. It begins with the first resume.
func (g *gate) open(act func()) {
	g.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(death{}) {
				panic(r)
			}
		}()
		g.wait = yield
		act()
	})
}

// resume runs the actor until it is at the gate or done.
func (g *gate) resume() {
	_, waits := g.next()
	g.done = !waits
}

// turn waits for the actor's turn and returns the fault to inject into its step. An
// actor that died takes no further step, not even in deferred functions.
func (g *gate) turn() Fault {
	if g.fault != Dies {
		g.wait(struct{}{})
		g.steps++
	}
	if g.fault == Dies {
		panic(death{})
	}
	return g.fault
}

// carryOut carries out a step under a fault. A step that fails is not carried out. A
// step whose reply is lost is, and returns an error.
func (f Fault) carryOut(do func() error) error {
	if f == Fails {
		return errFault
	}
	err := do()
	if err == nil && f == LosesReply {
		err = errFault
	}
	return err
}

// partKey is the key of the stepper in the context of a call.
type partKey struct{}

// A stepper carries out parts of a call as steps.
type stepper interface {
	step(name string, do func() error) error
}

// Part carries out do as one step, which has a name for messages.
//
// A store calls Part to divide one of its methods into several steps: see
// [Overlap.Fine]. ctx is the method's. One of [Overlap.Others] calls Part to take a
// step without the store. ctx is then its own. In any other context, Part just
// calls do.
func Part(ctx context.Context, name string, do func() error) error {
	if c, ok := ctx.Value(partKey{}).(stepper); ok {
		return c.step(name, do)
	}
	return do()
}
