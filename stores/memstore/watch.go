package memstore

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

// Watch calls changed when the session is saved or removed, as [session.Watcher]
// says. Expired sessions are removed by later calls of the store.
func (s *Store[T]) Watch(id session.ID, changed func()) (stop func(), ok bool) {
	s.made.Do(func() { s.make(0) })
	return s.watchers.Add(id, changed), true
}

// Revisions returns the revisions of the records with these IDs, as
// [session.Poller] says.
func (s *Store[T]) Revisions(ctx context.Context, ids []session.ID) ([]session.Revision, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	revs := make([]session.Revision, len(ids))
	for i, id := range ids {
		revs[i] = s.shard(id).revision(id)
	}
	return revs, nil
}
