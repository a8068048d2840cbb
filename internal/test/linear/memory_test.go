package linear

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// slot is the duration of one call of the store in a bubble. Each client calls the
// store at its own moment of a slot. A back-off has a random duration and is shorter, so
// that the seed determines nearly all histories. The exceptions are commits that queue: one
// that leaves its turn wakes another, and both go on at that moment.
const slot = 40 * time.Millisecond

// idle is longer than a history, so that no session expires. Half the clients have twice
// that: each moves a session's end to its own time, so that reading often touches.
const idle = 10 * time.Second

func TestMemory(t *testing.T) {
	found := answers{}
	for _, seed := range seeds(t, 3000) {
		history := inBubble(t, seed, nil, nil)
		check(t, seed, history)
		found.count(history)
	}
	t.Logf("answers: %v", found)
}

// So a history that fails can be looked at again. A seed whose history differs has commits
// that queued.
func TestTheSameSeedMakesTheSameHistory(t *testing.T) {
	const seeds, enough = 20, 10
	same := 0
	for seed := range uint64(seeds) {
		if a, b := show(inBubble(t, seed, nil, nil)), show(inBubble(t, seed, nil, nil)); a == b {
			same++
		}
	}
	if same < enough {
		t.Errorf("%d of %d seeds made the same history twice", same, seeds)
	}
}

// inBubble returns a history of sessions in memory. If flaw is not nil, it makes the
// clients' store of a correct one. logIn is as in conditions.
func inBubble(t *testing.T, seed uint64, flaw func(Store) Store, logIn func(*session.Session[Log], func(*Log))) (history []porcupine.Operation) {
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
				defer injectFault(fake, sessiontest.Op(op), r)()
				return call()
			}
		}
		history = play(t, seed, store, conditions{policies: []session.Policy{{IdleTimeout: idle, RotateEvery: 2 * slot}, {IdleTimeout: 2 * idle, RotateEvery: 2 * slot}}, pace: pace, logIn: logIn})
		if took := time.Since(start); took >= idle {
			t.Fatalf("seed %d: the history took %v, so that sessions may have expired", seed, took)
		}
	})
	return history
}

// injectFault makes one call of op in twenty fail or lose its reply. The returned
// function ends the fault.
func injectFault(store *sessiontest.Store[Log], op sessiontest.Op, r *rand.Rand) (end func()) {
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
