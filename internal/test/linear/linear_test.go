package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// slot is how long one call of the store takes in a bubble. It is longer than a
// back-off, so that chance has no part in a history's order: each client calls
// the store at its own moment of a slot.
const slot = 40 * time.Millisecond

// idle is so short that reading often touches, and so long that no session expires
// within a history.
const idle = 6 * time.Second

var errFault = errors.New("a fault of the test's own")

// setting returns the integer that an environment variable has, or otherwise.
func setting(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// seeds returns the seeds of the histories to be checked.
func seeds(t testing.TB, histories int) []uint64 {
	t.Helper()
	if seed := setting(t, "SESSIONS_SEED", 0); seed != 0 {
		return []uint64{uint64(seed)}
	}
	first := uint64(rand.Uint32())
	all := make([]uint64, setting(t, "SESSIONS_HISTORIES", histories))
	for i := range all {
		all[i] = first + uint64(i)
	}
	t.Logf("%d histories, from SESSIONS_SEED=%d", len(all), first)
	return all
}

// inBubble makes a history of sessions in memory. A flaw makes of the store another.
func inBubble(t *testing.T, seed uint64, flaw func(Store) Store) (history []porcupine.Operation) {
	synctest.Test(t, func(t *testing.T) {
		fake, start := sessiontest.NewStore[Log](t), time.Now()
		var store Store = fake
		if flaw != nil {
			store = flaw(store)
		}
		pace := func(client int, r *rand.Rand) around {
			return func(op string, call func() error) error {
				next := time.Now().Truncate(slot).Add(slot * time.Duration(1+r.IntN(2)))
				time.Sleep(time.Until(next.Add(time.Duration(client) * time.Millisecond)))
				defer trouble(fake, sessiontest.Op(op), r)()
				return call()
			}
		}
		history = play(t, seed, store, conditions{policies: []*session.Policy{{IdleTimeout: idle}}, pace: pace})
		if took := time.Since(start); took >= idle {
			t.Fatalf("seed %d: the history took %v, and sessions may have expired", seed, took)
		}
	})
	return history
}

// trouble makes the next call of op fail, or its reply be lost, now and then. It
// returns what ends that.
func trouble(store *sessiontest.Store[Log], op sessiontest.Op, r *rand.Rand) (end func()) {
	switch r.IntN(40) {
	case 0:
		store.Fail(op, errFault)
	case 1:
		store.LoseReply(op, errFault)
	}
	return func() {
		store.Fail(op, nil)
		store.LoseReply(op, nil)
	}
}

// conditions are what clients find.
type conditions struct {
	policies []*session.Policy // the first client has the first, and so on in turn
	timeout  time.Duration     // of a request; zero for none
	pace     func(client int, r *rand.Rand) around

	first     Store                      // where the first sessions are made, if not in the clients' store
	meanwhile func(over <-chan struct{}) // if not nil, runs beside the clients until over is closed
}

// twoMinds are the policies of nodes that do not agree how long a session may be
// idle: each moves the end to where it should be, so that reading often touches.
var twoMinds = []*session.Policy{{IdleTimeout: time.Hour}, {IdleTimeout: 2 * time.Hour}}

// play makes the first sessions and lets clients loose on the store.
func play(t *testing.T, seed uint64, store Store, under conditions) []porcupine.Operation {
	t.Helper()
	first := under.first
	if first == nil {
		first = store
	}
	w, err := NewWorld(t.Context(), first, under.policies[0])
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	r, over := rand.New(rand.NewPCG(seed, 0)), make(chan struct{})
	var wg, beside sync.WaitGroup
	if under.meanwhile != nil {
		beside.Go(func() { under.meanwhile(over) })
	}
	for id := range minClients + r.IntN(maxClients-minClients+1) {
		r := rand.New(rand.NewPCG(seed, uint64(id)+1))
		c := &Client{ID: id, World: w, Store: &paced{store, under.pace(id, r)}, Rand: r,
			Policy: under.policies[id%len(under.policies)], Timeout: under.timeout}
		wg.Go(func() {
			time.Sleep(time.Duration(id) * time.Millisecond) // in a bubble: not at the same time as another
			if err := c.Run(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
	wg.Wait()
	close(over)
	beside.Wait()
	return w.History()
}

// explained reports whether there is an order of requests that explains a history.
func explained(history []porcupine.Operation) bool {
	return porcupine.CheckOperations(Model(), history)
}

// check fails the test if the history cannot be explained, and shows it.
func check(t *testing.T, seed uint64, history []porcupine.Operation) {
	t.Helper()
	if !explained(history) {
		t.Fatalf("no order explains what the clients saw; SESSIONS_SEED=%d\n%s", seed, show(history))
	}
}

func show(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range history {
		in, out := op.Input.(Input), op.Output.(Output)
		fmt.Fprintf(&b, "%4d to %4d  client %d  family %d, session %d: %s %s [%d]: %s, session %d of %q with %v\n",
			op.Call, op.Return, op.ClientId, in.Family, in.Name, in.Kind, in.Owner, in.Number, out.Answer, out.Name, out.Owner, []byte(out.Notes))
	}
	return b.String()
}

// answers counts how requests ended.
type answers map[Answer]int

func (a answers) count(history []porcupine.Operation) {
	for _, op := range history {
		a[op.Output.(Output).Answer]++
	}
}

func TestMemory(t *testing.T) {
	found := answers{}
	for _, seed := range seeds(t, 3000) {
		history := inBubble(t, seed, nil)
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("answers: %v", found)
}

func TestTheSameSeedMakesTheSameHistory(t *testing.T) {
	for seed := range uint64(20) {
		if a, b := show(inBubble(t, seed, nil)), show(inBubble(t, seed, nil)); a != b {
			t.Fatalf("seed %d:\n%s\n%s", seed, a, b)
		}
	}
}

func TestRedis(t *testing.T) {
	client, found := redisserver.Start(t).Client(t), answers{}
	for i, seed := range seeds(t, 500) {
		history := play(t, seed, redisStore(t, client, fmt.Sprint("linear", i)), conditions{policies: twoMinds, pace: atRandom})
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("answers: %v", found)
}

// atRandom lets each call wait for a moment and, now and then, fail.
func atRandom(_ int, r *rand.Rand) around {
	return func(_ string, call func() error) error {
		time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond)
		switch r.IntN(40) {
		case 0:
			return errFault
		case 1:
			call()
			return errFault
		}
		return call()
	}
}

// The client's own retries are part of this: what it sends twice is done once.
func TestRedisBehindABadLine(t *testing.T) {
	server := redisserver.Start(t)
	direct, line, found := server.Client(t), redisserver.NewProxy(t, server.Addr()), answers{}
	client, err := redisstore.NewClient(line.URL() + "?max_retries=2&min_retry_backoff=1ms&max_retry_backoff=10ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	asItComes := func(int, *rand.Rand) around { return func(_ string, call func() error) error { return call() } }
	var faults int
	for i, seed := range seeds(t, 300) {
		namespace := fmt.Sprint("bad", i)
		history := play(t, seed, redisStore(t, client, namespace), conditions{
			first:     redisStore(t, direct, namespace),
			policies:  twoMinds,
			timeout:   50 * time.Millisecond,
			pace:      asItComes,
			meanwhile: func(over <-chan struct{}) { faults += spoil(line, rand.New(rand.NewPCG(seed, 99)), over) },
		})
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("%d faults; answers: %v", faults, found)
}

// spoil makes the line bad now and then until it is over, and returns how often.
func spoil(line *redisserver.Proxy, r *rand.Rand, over <-chan struct{}) (faults int) {
	defer line.Pass()
	for {
		select {
		case <-over:
			return faults
		case <-time.After(time.Duration(r.IntN(4000)) * time.Microsecond):
		}
		faults++
		switch r.IntN(12) {
		case 0:
			line.Delay(time.Duration(r.IntN(60)) * time.Millisecond)
		case 1:
			line.Reset()
		case 2, 3, 4, 5, 6:
			line.Pass()
			faults--
		default:
			line.DropReplies(1, func(args []string) bool { return args[0] == "evalsha" || args[0] == "eval" })
		}
	}
}
