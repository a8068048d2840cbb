// Package watchers keeps the functions that stores call when sessions change or end.
package watchers

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// A List is a store's watched sessions, by their IDs or keys. The zero List is empty. All
// methods are safe for concurrent use. Nothing is locked while no session is watched.
type List[K comparable] struct {
	count atomic.Int64
	mu    sync.Mutex
	byID  map[K][]*watcher
}

type watcher struct{ changed func() }

// Add makes the list call changed for the session, until stop is called. Calling stop
// again does nothing.
func (l *List[K]) Add(id K, changed func()) (stop func()) {
	w := &watcher{changed}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[K][]*watcher)
	}
	l.byID[id] = append(l.byID[id], w)
	l.count.Add(1)
	return func() { l.remove(id, w) }
}

func (l *List[K]) remove(id K, w *watcher) {
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

// Has reports whether the session is watched.
func (l *List[K]) Has(id K) bool {
	if l.count.Load() == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byID[id]) > 0
}

// IDs returns the watched sessions.
func (l *List[K]) IDs() []K {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.byID))
}

// Changed tells those who watch the session.
func (l *List[K]) Changed(id K) {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byID[id] {
		w.changed()
	}
}

// All tells those who watch any session.
func (l *List[K]) All() {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ws := range l.byID {
		for _, w := range ws {
			w.changed()
		}
	}
}

// Listeners are functions that hear of a store's events. The zero Listeners are none.
// All methods are safe for concurrent use.
type Listeners[E any] struct{ all atomic.Pointer[[]func(E)] }

// Add adds a function.
func (l *Listeners[E]) Add(f func(E)) {
	for {
		old := l.all.Load()
		var all []func(E)
		if old != nil {
			all = slices.Clone(*old)
		}
		if all = append(all, f); l.all.CompareAndSwap(old, &all) {
			return
		}
	}
}

// Any reports whether there are any.
func (l *Listeners[E]) Any() bool { return l.all.Load() != nil }

// Tell calls all functions.
func (l *Listeners[E]) Tell(e E) {
	if all := l.all.Load(); all != nil {
		for _, f := range *all {
			f(e)
		}
	}
}
