package storetest

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
)

// outcomes are the results of calls made at once.
type outcomes []error

// together makes n calls at once, in any order, and waits for them.
func (t *trial) together(n int, call func(i int) error) outcomes {
	errs, start := make(outcomes, n), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			for range rand.N(4) { // or the scheduler's order would be much the same each time
				runtime.Gosched()
			}
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// all checks that every call returned want.
func (o outcomes) all(t *trial, call string, want error) {
	t.Helper()
	for _, err := range o {
		if !errors.Is(err, want) {
			t.Fatalf("%s returned the error %v, want %v", call, err, want)
		}
	}
}

// one checks that one call succeeded and the others returned want. It returns which
// one did.
func (o outcomes) one(t *trial, call string, want error) (winner int) {
	t.Helper()
	var won int
	for i, err := range o {
		if err == nil {
			winner = i
			won++
			continue
		}
		t.refused(call, err, want)
	}
	if won != 1 {
		t.Fatalf("%d of %d calls of %s succeeded, want 1", won, len(o), call)
	}
	return winner
}
