package memstore

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

// Watch calls ended when the session is removed, as [session.Watcher] says.
// Expired sessions are removed by later calls of the store.
func (s *Store[T]) Watch(id session.ID, ended func()) (stop func(), ok bool) {
	s.made.Do(func() { s.make(0) })
	return s.watchers.Add(id, ended), true
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
