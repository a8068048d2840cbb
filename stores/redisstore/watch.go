package redisstore

import (
	"slices"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// watchers are those who want to know when sessions end.
type watchers struct {
	mu   sync.Mutex
	byID map[session.ID][]*watcher
}

// A watcher is one call of Watch.
type watcher struct{ ended func() }

// Watch calls ended when the session changes or ends, as [session.Watcher] says,
// and when Redis can tell of changes again after it could not. It needs a
// [NearCache], by which the store learns of changes: otherwise ok is false.
func (s *Store[T]) Watch(id session.ID, ended func()) (stop func(), ok bool) {
	if s.near == nil {
		return nil, false
	}
	w := &watcher{ended}
	s.near.watchers.add(id, w)
	return func() { s.near.watchers.remove(id, w) }, true
}

func (l *watchers) add(id session.ID, w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[session.ID][]*watcher)
	}
	l.byID[id] = append(l.byID[id], w)
}

func (l *watchers) remove(id session.ID, w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.byID[id], w)
	if i < 0 {
		return
	}
	if l.byID[id] = slices.Delete(l.byID[id], i, i+1); len(l.byID[id]) == 0 {
		delete(l.byID, id)
	}
}

// ended tells those who watch the session.
func (l *watchers) ended(id session.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byID[id] {
		w.ended()
	}
}

// all tells those who watch any session.
func (l *watchers) all() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ws := range l.byID {
		for _, w := range ws {
			w.ended()
		}
	}
}
