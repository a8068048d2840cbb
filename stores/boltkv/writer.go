package boltkv

import (
	"context"
	"slices"
	"sync"

	"github.com/seed48429006/sessions/stores/kvstore"
)

// A swap is one call of [Backend.Swap].
type swap struct {
	key   []byte
	old   kvstore.Version
	value []byte
	end   uint64

	swapped bool
	err     error
	done    chan bool // false: the swap's goroutine is to write the swaps that wait
}

// A writer writes all swaps that wait together. The goroutine of a single swap does it at
// a time, so a swap that is alone does not wait.
type writer struct {
	write func([]*swap)

	mu      sync.Mutex
	waiting []*swap
	busy    bool
}

// do writes s. If it returns an error, it is unknown whether it did.
func (w *writer) do(ctx context.Context, s *swap) error {
	w.mu.Lock()
	w.waiting = append(w.waiting, s)
	lead := !w.busy
	w.busy = true
	w.mu.Unlock()
	if lead {
		w.lead()
		<-s.done
		return nil
	}
	select {
	case written := <-s.done:
		if !written {
			w.lead()
			<-s.done
		}
		return nil
	case <-ctx.Done():
		w.giveUp(s)
		return ctx.Err()
	}
}

// lead writes the swaps that wait, among them the caller's. Then it lets a swap go on
// that came in between.
func (w *writer) lead() {
	w.mu.Lock()
	batch := w.waiting
	w.waiting = nil
	w.mu.Unlock()
	w.write(batch)
	for _, s := range batch {
		s.done <- true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass()
}

// pass lets the first swap that waits lead. The caller holds mu.
func (w *writer) pass() {
	if w.busy = len(w.waiting) > 0; w.busy {
		w.waiting[0].done <- false
	}
}

// giveUp takes s out of the swaps that wait. If it was to lead, the next swap leads.
func (w *writer) giveUp(s *swap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.waiting, s)
	if i < 0 {
		return // it is being written
	}
	w.waiting = slices.Delete(w.waiting, i, i+1)
	select {
	case <-s.done: // false: it was to lead
		w.pass()
	default:
	}
}
