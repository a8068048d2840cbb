package interleave

import (
	"context"
	"errors"
	"iter"
)

var errFault = errors.New("sessiontest: a fault of the test's own")

// A gate is where an actor waits for its turn. The actor is a coroutine: it runs
// only while the one that lets it go on waits for it to be at the gate again.
type gate struct {
	actor int
	steps int   // taken
	fault Fault // of the next step
	done  bool  // the actor is
	wait  func(struct{}) bool
	next  func() (struct{}, bool)
}

// death is the panic of an actor that is to die.
type death struct{}

// open makes the actor run act. It begins with the first resume.
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

// resume lets the actor go on until it is at the gate or done.
func (g *gate) resume() {
	_, waits := g.next()
	g.done = !waits
}

// turn waits for the actor's turn, and returns the fault of its step. An actor
// that died does nothing more: its deferred calls do not run either.
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

// carryOut carries out a step, unless it fails, and hides that it was done if
// the reply is lost.
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

// partKey finds in a context the call of a store that it belongs to.
type partKey struct{}

// A divisible is a call that may be carried out in several steps.
type divisible interface {
	step(name string, do func() error) error
}

// Part carries out do as one step of a store's call, for stores that take several
// to carry out one: see [Overlap.Fine]. The context is the one that the store was
// called with. The name is for messages. Without an Overlap, Part just calls do.
func Part(ctx context.Context, name string, do func() error) error {
	if c, ok := ctx.Value(partKey{}).(divisible); ok {
		return c.step(name, do)
	}
	return do()
}
