package sessiontest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/explore"
	"github.com/seed48429006/sessions/session"
)

// ReplayOrder is the environment variable that lets [EveryOrder] and [EveryOutage]
// run one order alone: the one that it names, as a failure says.
const ReplayOrder = "SESSIONTEST_ORDER"

// MaxOrders is how many orders [EveryOrder] and [EveryOutage] run at most.
const MaxOrders = 20_000

// EveryOrder runs a test again and again: once for each order in which the store
// calls of overlapping requests can come. The test makes everything anew each time:
// a [Store], the handler on it, and clients. [Order.Together] lets requests overlap:
//
//	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
//		ada := sessiontest.NewClient(t, newShop(sessiontest.NewStore[Cart](t)))
//		order := func(tab *sessiontest.Client) { tab.Post("/order", nil) }
//		o.Together(ada, order, order)
//		...
//	})
//
// It stops at the first order in which the test fails. It shows the order in words,
// then the failures, and how to run that order alone. It fails if there are more than
// [MaxOrders]: two requests that load and save have 6, and three have 90.
//
// EveryOrder creates a [testing/synctest] bubble, where waiting takes no time, so it
// cannot be called in one. The handler may start goroutines. It must make the same
// calls each time.
func EveryOrder(t *testing.T, test func(t testing.TB, o *Order)) {
	t.Helper()
	everyOrder(t, test, false)
}

// EveryOutage is [EveryOrder], and runs each order again with one fault, for each of
// the store calls in [Order.Together]: the call fails, or its reply is lost. See
// [Order.Fault].
func EveryOutage(t *testing.T, test func(t testing.TB, o *Order)) {
	t.Helper()
	everyOrder(t, test, true)
}

func everyOrder(t *testing.T, test func(testing.TB, *Order), faults bool) {
	t.Helper()
	e, replay := new(explore.Explorer), os.Getenv(ReplayOrder)
	if replay != "" {
		var err error
		if e, err = explore.Parse(replay); err != nil {
			t.Fatalf("sessiontest: %s: %v", ReplayOrder, err)
		}
	}
	orders := 0
	synctest.Test(t, func(t *testing.T) {
		for more := true; more && !t.Failed(); more = replay == "" && e.Next() {
			if orders++; orders > MaxOrders {
				t.Fatalf("sessiontest: there are more than %d orders: let fewer or shorter requests overlap", MaxOrders)
			}
			o := &Order{explorer: e, faults: faults, names: map[session.ID]string{}}
			o.tb = &recordingTB{TB: t}
			o.tb.run(func() { test(o.tb, o) })
			if e.Diverged {
				t.Fatal("sessiontest: the same order led to other store calls: the test or the handler depends on chance")
			}
			o.report(t)
		}
	})
	t.Logf("%d orders", orders)
}

// An Order is one order of the store calls of overlapping requests.
type Order struct {
	tb       *recordingTB
	explorer *explore.Explorer
	faults   bool // to be injected

	mu    sync.Mutex
	fault string // that was injected
	steps []string
	names map[session.ID]string
}

// Together runs the acts at once, each in a tab of its own of the client's browser. They
// take turns, by the store calls of their requests. Calls of stores other than a [Store]
// are not turns. Together returns when all acts have.
func (o *Order) Together(c *Client, acts ...func(tab *Client)) {
	var all []*actor
	for i, act := range acts {
		a, tab := o.newActor(i), c.Tab()
		tab.actor = a
		all = append(all, a)
		go a.run(func() { act(tab) })
		a.settle()
	}
	for idle := 0; ; {
		all = slices.DeleteFunc(all, (*actor).hasEnded)
		ready := slices.DeleteFunc(slices.Clone(all), func(a *actor) bool { return a.at.Load() == 0 })
		switch {
		case len(all) == 0:
			o.tb.stopIfFatal()
			return
		case len(ready) > 0:
			idle = 0
			ready[o.explorer.Choose(len(ready))].resume()
		case idle < maxIdle:
			idle++
			time.Sleep(moment)
			synctest.Wait()
		default:
			o.tb.Fatal("sessiontest: the requests wait for each other, or for something that does not happen")
		}
	}
}

// maxIdle is for how many moments requests may wait for something that takes time: a day.
const maxIdle = int(24 * time.Hour / moment)

// Fault returns the fault of this order in words, or "".
func (o *Order) Fault() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fault
}

// inject returns how a call is to fail: not at all, before it is carried out, or by the
// loss of the reply.
func (o *Order) inject() (f fault, words string) {
	if !o.faults || o.fault != "" {
		return fault{}, ""
	}
	switch o.explorer.Choose(3) {
	case 1:
		return fault{fail: errDown}, "fails"
	case 2:
		return fault{lose: errLost}, "is done, but its reply is lost"
	}
	return fault{}, ""
}

// name returns a letter for a session.
func (o *Order) name(id session.ID) string {
	name, known := o.names[id]
	if !known {
		name = fmt.Sprintf("session %c", 'A'+rune(len(o.names)))
		o.names[id] = name
	}
	return name
}

// report shows the order and the failures of the test, if there are some.
func (o *Order) report(t *testing.T) {
	t.Helper()
	if !o.tb.Failed() {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "in this order of store calls (%s=%s runs it alone):\n", ReplayOrder, o.explorer)
	for i, step := range o.steps {
		fmt.Fprintf(&b, "%4d. %s\n", i+1, step)
	}
	if len(o.steps) == 0 {
		b.WriteString("      none\n")
	}
	t.Errorf("%s%s", &b, strings.Join(o.tb.log, "\n"))
}
