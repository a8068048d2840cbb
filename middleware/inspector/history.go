package inspector

import (
	"context"
	"sync"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// shown is how many events the first page shows.
const shown = 50

// A change is an event and its time.
type change struct {
	session.Event
	At time.Time
}

// A history has the latest events of this process, and how many there were of each
// kind.
type history struct {
	counts middleware.Metrics

	mu      sync.Mutex
	changes [shown]change // a ring
	next    int
}

func (h *history) add(ctx context.Context, e session.Event) {
	h.counts.Observe(ctx, e)
	if e.Kind == session.EventLoaded || e.Kind == session.EventTouched {
		return // reads, of which there are many
	}
	at := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes[h.next%shown] = change{e, at}
	h.next++
}

// latest returns the changes, the latest first.
func (h *history) latest() []change {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []change
	for i := h.next - 1; i >= 0 && i >= h.next-shown; i-- {
		all = append(all, h.changes[i%shown])
	}
	return all
}
