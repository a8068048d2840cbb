package sessiontest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing/synctest"
	"time"
)

// An actor is an act that [Order.Together] runs together with others. It waits before
// each store call until it is its turn.
type actor struct {
	order   *Order
	name    string
	request string        // that it makes: "POST /items"
	turn    chan struct{} // to make a store call
	at      atomic.Int64  // how many goroutines of the act are at a store call
	ended   chan struct{} // closed when the act has returned
}

func (o *Order) newActor(i int) *actor {
	return &actor{order: o, name: fmt.Sprintf("request %d", i+1), turn: make(chan struct{}), ended: make(chan struct{})}
}

type actorKey struct{}

func actorOf(ctx context.Context) *actor {
	a, _ := ctx.Value(actorKey{}).(*actor)
	return a
}

// run carries out the act, which may end its goroutine by a Fatal.
func (a *actor) run(act func()) {
	defer close(a.ended)
	act()
}

// resume lets the actor make its store call.
func (a *actor) resume() {
	a.turn <- struct{}{}
	a.settle()
}

// moment is longer than a commit backs off.
const moment = 50 * time.Millisecond

// settle waits until the actor is at a store call, has returned, or waits for another
// actor. A commit that backs off for a moment waits for none. No actor runs when it
// returns.
func (a *actor) settle() {
	synctest.Wait()
	for waited := time.Duration(0); a.at.Load() == 0 && !a.hasEnded() && waited < moment; waited += time.Millisecond {
		time.Sleep(time.Millisecond)
		synctest.Wait()
	}
}

func (a *actor) hasEnded() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// take makes a store call when it is the actor's turn. Calls that the handler leaves
// behind have no turn.
func (a *actor) take(c Call, do func() error) error {
	a.at.Add(1)
	select {
	case <-a.turn:
		a.at.Add(-1)
	case <-a.ended:
		return do()
	}
	f, at := a.order.begin(a, c)
	err := f.carryOut(context.Background(), do)
	if err != nil && f == (fault{}) {
		a.order.end(at, err)
	}
	return err
}

// begin records a call and returns the fault to inject into it.
func (o *Order) begin(a *actor, c Call) (fault, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := a.name + ", " + a.request + ", " + o.describe(c)
	f, words := o.inject()
	if words != "" {
		text += ": that " + words
		o.fault = text
	}
	o.steps = append(o.steps, text)
	return f, len(o.steps) - 1
}

// end records the error of a call.
func (o *Order) end(at int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.steps[at] += ": " + strings.TrimPrefix(err.Error(), "session: ")
}

var verbs = map[Op]string{
	OpLoad: "loads", OpSave: "saves", OpTouch: "prolongs", OpDelete: "deletes", OpExists: "looks for",
}

// describe returns a call in words.
func (o *Order) describe(c Call) string {
	switch c.Op {
	case OpByOwner:
		return "lists the sessions of " + c.Owner
	case OpAll:
		return "lists all sessions"
	case OpRevisions:
		return "asks which sessions have changed"
	}
	return verbs[c.Op] + " " + o.name(c.ID)
}
