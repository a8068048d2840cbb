package middleware

import (
	"context"
	"errors"

	"github.com/seed48429006/sessions/session"
)

// Watch returns a context that ends when the session ends, for connections that
// live longer than a request: server-sent events, WebSockets. It ends when ctx does,
// too. [context.Cause] says why:
//
//   - [session.ErrGone]: another request logged in, changed the owner or called
//     [session.Session.Renew], which ended the token that this connection came with.
//     The browser has the new token, so that it can connect again.
//   - [session.ErrNotFound]: the session was destroyed or revoked, or it expired.
//   - Otherwise ctx has ended.
//
// Changes of the session do not end the context, and neither do renewals by s itself.
// [Manager.WatchChanges] tells of changes.
//
// The end is noticed at once if the store can tell, as memstore can: see
// [session.Watcher]. Otherwise, and for sessions that expire, the store is asked at
// the beginning and every [Options].WatchInterval, about all watched sessions
// together if it is a [session.Poller]. A store that does not answer is reported as
// [session.EventFailed], and ends nothing. If s is not stored yet, the store is first
// asked an interval after it was.
//
// A connection that was opened with a stolen token lasts until the session ends or the
// visitor logs in again.
//
// Watching does not reset the idle timeout. To let the visitor's messages count as use, call
// [session.Session.Commit] for each. It costs a write once in a sixteenth of the
// timeout.
//
// One goroutine serves all watched sessions of the manager. It ends with the last
// of them. Watch keeps s until the returned context ends, so ctx must end, as the
// context of a request does when its handler returns.
func (m *Manager[T]) Watch(ctx context.Context, s *session.Session[T]) context.Context {
	return m.watch(ctx, s, nil)
}

// WatchChanges is [Manager.Watch] for a connection that shows the session's value. When
// another request or an operator has changed the session, it sends on the channel, and
// [session.Session.Reload] gets the present value:
//
//	ctx, changes := logins.WatchChanges(r.Context(), login)
//	for {
//		select {
//		case <-changes:
//			if err := login.Reload(ctx); err != nil { … }
//			show(login.Value())
//		case <-ctx.Done():
//			return
//		}
//	}
//
// Changes are noticed as ends are. Several that follow each other may be one message, and
// a message may come for a write that left the value as it was, such as a new token.
// Changes that s itself has saved are none. The channel is never closed.
func (m *Manager[T]) WatchChanges(ctx context.Context, s *session.Session[T]) (context.Context, <-chan struct{}) {
	changes := make(chan struct{}, 1)
	return m.watch(ctx, s, changes), changes
}

func (m *Manager[T]) watch(ctx context.Context, s *session.Session[T], changes chan<- struct{}) context.Context {
	if s == nil {
		panic("sessions: Manager.Watch: the session is nil")
	}
	if ctx.Err() != nil {
		return ctx
	}
	watched, cancel := context.WithCancelCause(ctx)
	w := m.watches.add(s, cancel, changes)
	context.AfterFunc(watched, w.end)
	return watched
}

// pollBatch is how many sessions the store is asked about in one question.
const pollBatch = 500

// A pollSource is a store as the watched sessions need it.
type pollSource struct {
	revisions func(context.Context, []session.ID) ([]session.Revision, error)
	look      func(context.Context, session.ID) (session.Revision, session.Secrets, error)
	watch     func(session.ID, func()) (func(), bool)
}

func newPollSource[T any](store session.Store[T]) pollSource {
	src := pollSource{
		look: func(ctx context.Context, id session.ID) (session.Revision, session.Secrets, error) {
			return look(ctx, store, id)
		},
		watch: func(session.ID, func()) (func(), bool) { return nil, false },
	}
	src.revisions = src.oneByOne
	if p, ok := store.(session.Poller); ok {
		src.revisions = p.Revisions
	}
	if w, ok := store.(session.Watcher); ok {
		src.watch = w.Watch
	}
	return src
}

// look returns the stored state of a session, without its value if it can.
func look[T any](ctx context.Context, store session.Store[T], id session.ID) (session.Revision, session.Secrets, error) {
	var rec session.Record[T]
	var err error
	if opener, ok := store.(session.Opener[T]); ok {
		rec, _, err = opener.Open(ctx, id, func(session.Secrets) bool { return false })
	} else {
		rec, err = store.Load(ctx, id)
	}
	return rec.Revision, rec.Secrets, session.StoreError(err)
}

// oneByOne is [session.Poller.Revisions] for a store without it.
func (src *pollSource) oneByOne(ctx context.Context, ids []session.ID) (revs []session.Revision, failed error) {
	for _, id := range ids {
		rev, _, err := src.look(ctx, id)
		if err != nil && ctx.Err() != nil {
			return revs, err
		}
		revs = append(revs, rev)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			failed = err
		}
	}
	return revs, failed
}
