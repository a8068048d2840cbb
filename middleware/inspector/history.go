package inspector

import (
	"sync"
	"time"

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
	mu      sync.Mutex
	changes [shown]change // a ring
	next    int
	counts  map[session.EventKind]int
}

func (h *history) add(e session.Event) {
	at := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts == nil {
		h.counts = make(map[session.EventKind]int)
	}
	h.counts[e.Kind]++
	if e.Kind == session.EventLoaded || e.Kind == session.EventTouched {
		return // reads, of which there are many
	}
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

// A count is how many events of a kind there were.
type count struct {
	Kind session.EventKind
	N    int
}

// counted returns the counts, in the order of the kinds in package session.
func (h *history) counted() []count {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []count
	for _, kind := range kinds {
		if n := h.counts[kind]; n > 0 {
			all = append(all, count{kind, n})
		}
	}
	return all
}

var kinds = []session.EventKind{
	session.EventCreated, session.EventLoaded, session.EventSaved, session.EventTouched,
	session.EventRenewed, session.EventDestroyed, session.EventRevoked, session.EventConflict,
	session.EventGone, session.EventRejected, session.EventUndecodable, session.EventLate, session.EventFailed,
}
