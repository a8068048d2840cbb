package sessiontest

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

// Revisions implements [session.Poller]. It counts as one call for any number of IDs.
func (s *Store[T]) Revisions(ctx context.Context, ids []session.ID) (revs []session.Revision, err error) {
	err = s.call(ctx, Call{Op: OpRevisions}, func() (err error) {
		revs, err = s.mem.Revisions(ctx, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return revs, nil
}

// Watch implements [session.Watcher], so that [middleware.Manager.Watch] notices at
// once when a session is destroyed, revoked or renewed: by a request, or by
// [Store.Direct]. Sessions that expire are noticed at the manager's WatchInterval.
// Watch sends nothing to a real store: it is not recorded, and no fault applies to it.
func (s *Store[T]) Watch(id session.ID, changed func()) (stop func(), ok bool) {
	return s.mem.Watch(id, changed)
}
