package storetest

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	enough    = 200                    // how often calls must overlap
	patience  = 200 * time.Millisecond // how long a rule waits for that
	batchSize = 50                     // records that are made at once
)

// clash makes two calls at the same time, for each of many records, and checks the
// record after them. Each call has a copy of it.
//
// The calls begin within a fraction of a microsecond of each other, if there are
// two processors for them. A store that looks before it locks is found out by some
// of so many, however short its gap is. A busy machine lets few calls overlap:
// clash goes on until enough did, or it has taken too long.
func (t *trial) clash(fresh func() record, call func(i int, rec *record) error,
	check func(recs []record, errs outcomes)) {
	t.Helper()
	alone := runtime.GOMAXPROCS(0) == 1 // no calls of a store without I/O will overlap
	for n, overlaps := 0, 0; n == 0 || overlaps < enough && !t.over.Load() && !(alone && n > enough); n += batchSize {
		var batch [batchSize]pair
		for k := range batch {
			rec := fresh()
			batch[k].recs = [2]record{rec, rec}
		}
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				for k := range batch {
					batch[k].make(i, call)
				}
			})
		}
		wg.Wait()
		for k := range batch {
			if batch[k].overlapped.Load() {
				overlaps++
			}
			check(batch[k].recs[:], batch[k].errs[:])
			t.store.Delete(t.Context(), batch[k].recs[0].ID, 0) // a bounded store must not overflow
		}
	}
}

// A pair is two calls that are made at the same time.
type pair struct {
	recs       [2]record
	errs       [2]error
	arrived    atomic.Int32
	under      atomic.Int32 // calls under way
	overlapped atomic.Bool
}

// make waits for the other call and makes the i-th.
func (p *pair) make(i int, call func(i int, rec *record) error) {
	p.meet()
	if p.under.Add(1) == 2 {
		p.overlapped.Store(true)
	}
	p.errs[i] = call(i, &p.recs[i])
	p.under.Add(-1)
}

func (p *pair) meet() {
	const (
		spins = 5000 // a few microseconds
		skew  = 1000 // less than one: neither call is always the first
	)
	p.arrived.Add(1)
	for i := 1; p.arrived.Load() < 2; i++ {
		if i%spins == 0 {
			runtime.Gosched()
		}
	}
	for range rand.N(skew) {
	}
}
