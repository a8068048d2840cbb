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
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed48429006/sessions/session"
)

var errFault = errors.New("a fault of the test's own")

// conditions are the conditions of one history.
type conditions struct {
	policies []session.Policy // of the clients, in turn; half the histories rotate tokens, and half note ends
	timeout  time.Duration    // of a request; zero means none
	pace     func(client int, r *rand.Rand) around
	logIn    func(*session.Session[Log], func(*Log)) // nil means Session.LogIn

	nodes   []Store                    // of the clients, in turn; nil means that all have the one store
	direct  Store                      // for the first sessions; nil means the clients' store
	disturb func(over <-chan struct{}) // if not nil, runs beside the clients until over is closed
}

// play stores the first sessions, runs the clients and returns their history.
func play(t *testing.T, seed uint64, store Store, under conditions) []porcupine.Operation {
	t.Helper()
	if under.direct == nil {
		under.direct = store
	}
	if under.logIn == nil {
		under.logIn = (*session.Session[Log]).LogIn
	}
	policies := make([]*session.Policy, len(under.policies))
	for i, p := range under.policies {
		if p.Observe = noteEvent; seed%2 == 0 {
			p.RotateEvery = 0
		}
		if seed%4 < 2 {
			p.KeepEnded = time.Hour
		}
		policies[i] = &p
	}
	w, err := NewWorld(t.Context(), under.direct, policies[0])
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	r, over := rand.New(rand.NewPCG(seed, 0)), make(chan struct{})
	var clients, disturber sync.WaitGroup
	if under.disturb != nil {
		disturber.Go(func() { under.disturb(over) })
	}
	for id := range minClients + r.IntN(maxClients-minClients+1) {
		r := rand.New(rand.NewPCG(seed, uint64(id)+1))
		node := store
		if len(under.nodes) > 0 {
			node = under.nodes[id%len(under.nodes)]
		}
		c := &Client{ID: id, World: w, Store: &paced{Store: node, around: under.pace(id, r)}, Rand: r,
			Policy: policies[id%len(policies)], Timeout: under.timeout, LogIn: under.logIn}
		clients.Go(func() {
			time.Sleep(time.Duration(id) * time.Millisecond) // in a bubble, clients then never start at the same time
			if err := c.Run(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
	clients.Wait()
	close(over)
	disturber.Wait()
	return w.History()
}

// explained reports whether the model allows some order of the requests.
func explained(history []porcupine.Operation) bool {
	return porcupine.CheckOperations(Model(), history)
}

// check fails the test and shows the history if no order of its requests explains it.
func check(t *testing.T, seed uint64, history []porcupine.Operation) {
	t.Helper()
	if !explained(history) {
		t.Fatalf("no order of the requests explains their outcomes; SESSIONS_SEED=%d\n%s", seed, show(history))
	}
}

func show(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range history {
		in, out := op.Input.(Input), op.Output.(Output)
		fmt.Fprintf(&b, "%4d to %4d  client %d  session %d, token %d: %s %s %v [%d] (retried %v): %s, token %d of %q with %v\n",
			op.Call, op.Return, op.ClientId, in.Session, in.Name, in.Kind, in.Owner, in.Remember, in.Number, in.Retried, out.Answer, out.Name, out.Owner, []byte(out.Notes))
	}
	return b.String()
}

// setting returns the integer in an environment variable, or otherwise if it is unset.
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

// seeds returns the seeds of the histories to check.
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

// answers counts the outcomes of requests.
type answers map[Answer]int

func (a answers) count(history []porcupine.Operation) {
	for _, op := range history {
		a[op.Output.(Output).Answer]++
	}
}
