package interleave

import (
	"context"
	"errors"
	"sync/atomic"
	"testing/synctest"
	"time"
)

var errFault = errors.New("interleave: a fault of the test's own")

// A gate holds an actor back until its turn.
type gate struct {
	actor int         // index of the actor
	steps int         // number of steps taken
	fault Fault       // of the next step
	seen  bool        // since it arrived, the actor has been offered to die
	at    atomic.Bool // the actor is at the gate
	done  atomic.Bool // the actor has returned
	turns chan struct{}
}

// death is the value that an actor panics with when it dies.
type death struct{}

// open lets the actor run to the gate.
func (g *gate) open(act func()) {
	g.turns = make(chan struct{})
	go func() {
		defer func() {
			g.done.Store(true)
			if r := recover(); r != nil && r != any(death{}) {
				panic(r)
			}
		}()
		act()
	}()
	g.settle()
}

// resume lets the actor take its step and run to the gate again.
func (g *gate) resume(fault Fault) {
	g.fault, g.seen = fault, false
	g.at.Store(false)
	g.turns <- struct{}{}
	g.settle()
}

// settle waits until the actor is at the gate, has returned, or waits for another actor.
// A commit that backs off for a moment waits for none. No goroutine runs when it returns.
func (g *gate) settle() {
	const longest = 50 * tick
	synctest.Wait()
	for waited := time.Duration(0); !g.at.Load() && !g.done.Load() && waited < longest; waited += tick {
		time.Sleep(tick)
		synctest.Wait()
	}
}

// turn waits for the actor's turn and returns the fault to inject into its step. An
// actor that died takes no further step, not even in deferred functions.
func (g *gate) turn() Fault {
	if g.fault != Dies {
		g.at.Store(true)
		<-g.turns
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
// A store calls Part to divide one of its methods into several steps: see [Overlap.Fine].
// ctx is the method's. A function of [Overlap.Others] calls Part to take a step without
// the store. ctx is then its own. In any other context, Part just calls do.
func Part(ctx context.Context, name string, do func() error) error {
	if c, ok := ctx.Value(partKey{}).(stepper); ok {
		return c.step(name, do)
	}
	return do()
}
