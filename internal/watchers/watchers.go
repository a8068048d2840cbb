// Package watchers keeps the functions that stores call when sessions end.
package watchers

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

// A List is a store's watched sessions. The zero List is empty. All methods are safe
// for concurrent use. Nothing is locked while no session is watched.
type List struct {
	count atomic.Int64
	mu    sync.Mutex
	byID  map[session.ID][]*watcher
}

type watcher struct{ ended func() }

// Add makes the list call ended for the session, until stop is called. Calling stop
// again does nothing.
func (l *List) Add(id session.ID, ended func()) (stop func()) {
	w := &watcher{ended}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[session.ID][]*watcher)
	}
	l.byID[id] = append(l.byID[id], w)
	l.count.Add(1)
	return func() { l.remove(id, w) }
}

func (l *List) remove(id session.ID, w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.byID[id], w)
	if i < 0 {
		return
	}
	if l.byID[id] = slices.Delete(l.byID[id], i, i+1); len(l.byID[id]) == 0 {
		delete(l.byID, id)
	}
	if l.count.Add(-1) == 0 {
		l.byID = nil // a map keeps its room
	}
}

// Ended tells those who watch the session.
func (l *List) Ended(id session.ID) {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byID[id] {
		w.ended()
	}
}

// All tells those who watch any session.
func (l *List) All() {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ws := range l.byID {
		for _, w := range ws {
			w.ended()
		}
	}
}
