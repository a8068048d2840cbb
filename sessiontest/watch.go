package sessiontest

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

// Ended implements [session.Poller]. It is one call, whatever the number of IDs.
func (s *Store[T]) Ended(ctx context.Context, ids []session.ID) (ended []session.ID, err error) {
	err = s.call(ctx, Call{Op: OpEnded}, func() (err error) {
		ended, err = s.mem.Ended(ctx, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// Watch implements [session.Watcher], so that [middleware.Manager.Watch] notices at
// once when a session is destroyed, revoked or renewed: by a request, or by
// [Store.Direct]. Sessions that expire are noticed at the manager's WatchInterval.
// Watch sends nothing to a real store: it is not recorded, and no fault applies to it.
func (s *Store[T]) Watch(id session.ID, ended func()) (stop func(), ok bool) {
	return s.mem.Watch(id, ended)
}
