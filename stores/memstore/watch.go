package memstore

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed48429006/sessions/session"
)

// watchers are those who want to know when sessions end. Nothing is locked while
// there are none.
type watchers struct {
	count atomic.Int64
	mu    sync.Mutex
	byID  map[session.ID][]*watcher
}

// A watcher is one call of Watch.
type watcher struct{ ended func() }

// Watch calls ended when the session is removed, as [session.Watcher] says.
// Expired sessions are removed by later calls of the store.
func (s *Store[T]) Watch(id session.ID, ended func()) (stop func(), ok bool) {
	s.made.Do(func() { s.make(0) })
	w := &watcher{ended: ended}
	s.watchers.add(id, w)
	return func() { s.watchers.remove(id, w) }, true
}

// Ended returns the IDs that are not live, as [session.Poller] says.
func (s *Store[T]) Ended(ctx context.Context, ids []session.ID) (ended []session.ID, err error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !s.shard(id).exists(id) {
			ended = append(ended, id)
		}
	}
	return ended, nil
}

func (l *watchers) add(id session.ID, w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[session.ID][]*watcher)
	}
	l.byID[id] = append(l.byID[id], w)
	l.count.Add(1)
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
	if l.count.Add(-1) == 0 {
		l.byID = nil // a map keeps its room
	}
}

// ended tells the session's watchers. The caller holds the shard's lock.
func (l *watchers) ended(id session.ID) {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byID[id] {
		w.ended()
	}
}
