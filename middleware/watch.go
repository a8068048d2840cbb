package middleware

import (
	"context"

	"github.com/seed48429006/sessions/session"
)

// Watch returns a context that ends when the session ends, for connections that
// live longer than a request: server-sent events, WebSockets. It ends when ctx does,
// too. [context.Cause] says why:
//
//   - [session.ErrGone]: another request renewed the session, as a log-in does. The
//     browser has the new token, so that it can connect again.
//   - [session.ErrNotFound]: the session was destroyed or revoked, or it expired.
//   - Otherwise ctx has ended.
//
// The end is noticed at once if the store can tell, as memstore can: see
// [session.Watcher]. Otherwise, and for sessions that expire, the store is asked at
// the beginning and every [Options].WatchInterval, about all watched sessions
// together if it is a [session.Poller]. A store that does not answer is reported as
// [session.EventFailed], and ends nothing. After an outage of more than 30 seconds a
// renewed session may count as not found.
//
// If s itself is renewed, Watch goes on with its new ID. If s is not stored yet, the
// store is first asked an interval after it was.
//
// Watching is no use of the session: it ends after its idle timeout, unless other
// requests use it. To let the visitor's messages count as use, call
// [session.Session.Commit] for each. It costs a write once in a sixteenth of the
// timeout.
//
// One goroutine serves all watched sessions of the manager. It ends with the last
// of them. Watch keeps s until the returned context ends, so ctx must end, as the
// context of a request does when its handler returns.
func (m *Manager[T]) Watch(ctx context.Context, s *session.Session[T]) context.Context {
	if s == nil {
		panic("sessions: Manager.Watch: the session is nil")
	}
	if ctx.Err() != nil {
		return ctx
	}
	watched, cancel := context.WithCancelCause(ctx)
	w := m.watches.add(s, cancel)
	context.AfterFunc(watched, w.end)
	return watched
}

// pollBatch is how many sessions the store is asked about in one question.
const pollBatch = 500

// A pollSource is a store as the watched sessions need it.
type pollSource struct {
	ended func(context.Context, []session.ID) ([]session.ID, error)
	why   func(context.Context, session.ID) error // nil for a live session
	watch func(session.ID, func()) (func(), bool)
}

func newPollSource[T any](store session.Store[T]) pollSource {
	src := pollSource{
		ended: func(ctx context.Context, ids []session.ID) ([]session.ID, error) {
			return endedOneByOne(ctx, store, ids)
		},
		why: func(ctx context.Context, id session.ID) error {
			_, err := store.Load(ctx, id)
			return session.StoreError(err)
		},
		watch: func(session.ID, func()) (func(), bool) { return nil, false },
	}
	if p, ok := store.(session.Poller); ok {
		src.ended = p.Ended
	}
	if w, ok := store.(session.Watcher); ok {
		src.watch = w.Watch
	}
	return src
}

// endedOneByOne is [session.Poller.Ended] for a store without it.
func endedOneByOne[T any](ctx context.Context, store session.Store[T], ids []session.ID) (ended []session.ID, failed error) {
	for _, id := range ids {
		switch live, err := store.Exists(ctx, id); {
		case err != nil && ctx.Err() != nil:
			return ended, err
		case err != nil:
			failed = err
		case !live:
			ended = append(ended, id)
		}
	}
	return ended, failed
}
