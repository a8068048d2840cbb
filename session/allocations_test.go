package session_test

import (
	"context"
	"math"
	"runtime/debug"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A request of each kind takes no more allocations than these.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	store, policy := memstore.New[state](nil), &session.Policy{SaveTimeout: 2 * time.Hour}
	token := storedWith(t, store, policy, state{User: "ada", Count: 1})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // as the middleware's
	defer cancel()
	visit := func(act request) {
		s, err := session.Load(ctx, store, policy, token, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		act(s)
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		token = tokenOf(s)
	}
	for name, test := range map[string]struct {
		act  request
		most float64
	}{
		"a read":   {read, 1},
		"a write":  {count, 6},
		"a log-in": {logIn("ada"), 10},
		"a new session": {func(*session.Session[state]) {
			s := session.New(store, policy)
			s.Update(increment)
			s.Commit(ctx)
		}, 11},
	} {
		t.Run(name, func(t *testing.T) { atMost(t, test.most, func() { visit(test.act) }) })
	}
}

// atMost checks how many allocations f makes when the pools are full.
func atMost(t *testing.T, most float64, f func()) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(5, f))
	}
	if t.Logf("%v allocations", least); least > most {
		t.Errorf("%v allocations, want at most %v", least, most)
	}
}
