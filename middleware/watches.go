package middleware

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// recheck is when to look again, the first time, at a session that is being committed.
const recheck = 20 * time.Millisecond

// watches are the watched sessions of a manager. A goroutine asks the store about them
// while there are any.
type watches struct {
	source   pollSource
	interval time.Duration
	timeout  time.Duration // of each question
	failed   func(context.Context, error)
	wake     chan struct{} // has room for one

	mu      sync.Mutex // never held while the store is called
	all     map[*watch]bool
	due     []*watch // their sessions may have ended
	running bool
}

// A watch is one watched session. Its id, seen and waits belong to the goroutine, and
// the list's mutex guards stop and queued.
type watch struct {
	in      *watches
	session watchable
	cancel  context.CancelCauseFunc
	changes chan<- struct{}  // has room for one; nil if only the end matters
	id      session.ID       // zero while it is not stored
	seen    session.Revision // which is not looked at again
	waits   int              // how often a commit was in progress
	stop    func()           // ends the store's watch; nil without one
	queued  bool             // it is due
}

// A watchable is a session with a value of any type.
type watchable interface {
	ID() session.ID
}

func (l *watches) add(s watchable, cancel context.CancelCauseFunc, changes chan<- struct{}) *watch {
	w := &watch{in: l, session: s, cancel: cancel, changes: changes}
	l.mu.Lock()
	if l.all == nil {
		l.all = make(map[*watch]bool)
	}
	l.all[w] = true
	start := !l.running
	l.running = true
	l.mu.Unlock()
	if start {
		go l.run()
	}
	w.suspect()
	return w
}

// suspect has the store asked soon whether the session has ended.
func (w *watch) suspect() {
	w.in.mu.Lock()
	if !w.queued {
		w.queued, w.in.due = true, append(w.in.due, w)
	}
	w.in.mu.Unlock()
	w.in.awake()
}

func (l *watches) awake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// end ends the watch.
func (w *watch) end() {
	w.in.mu.Lock()
	delete(w.in.all, w)
	stop := w.stop
	w.in.mu.Unlock()
	if stop != nil {
		stop()
	}
	w.in.awake()
}

func (l *watches) run() {
	timer := time.NewTimer(l.interval)
	defer timer.Stop()
	for {
		select {
		case <-l.wake:
			due, done := l.take()
			if done {
				return
			}
			l.ask(due)
		case <-timer.C:
			l.ask(l.everyone())
			timer.Reset(l.interval)
		}
	}
}

// take returns the watches that are due. It reports whether none is left at all,
// and the goroutine ends.
func (l *watches) take() (due []*watch, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due, l.due = l.due, nil
	if l.running = len(l.all) > 0; !l.running {
		l.all = nil // a map keeps its room
	}
	for _, w := range due {
		w.queued = false
	}
	return slices.DeleteFunc(due, func(w *watch) bool { return !l.all[w] }), !l.running
}

func (l *watches) everyone() []*watch {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*watch, 0, len(l.all))
	for w := range l.all {
		all = append(all, w)
	}
	return all
}

// ask asks the store about sessions, in as few questions as possible. If the store
// does not answer in time, the others wait for their next turn.
func (l *watches) ask(ws []*watch) {
	byID := make(map[session.ID][]*watch)
	var ids []session.ID
	for _, w := range ws {
		if !w.begin() {
			continue
		}
		if byID[w.id] == nil {
			ids = append(ids, w.id)
		}
		byID[w.id] = append(byID[w.id], w)
	}
	for batch := range slices.Chunk(ids, pollBatch) {
		if !l.askBatch(batch, byID) {
			return
		}
	}
}

// begin reports whether there is something to ask about. It asks the store to tell
// of the session's end by itself.
func (w *watch) begin() bool {
	if !w.id.IsZero() {
		return true
	}
	if w.id = w.session.ID(); w.id.IsZero() {
		return false
	}
	w.seen = session.Revision(hooks.Of(w.session).Revision())
	stop, _ := w.in.source.watch(w.id, w.suspect)
	w.in.mu.Lock()
	if w.in.all[w] {
		w.stop, stop = stop, nil
	}
	w.in.mu.Unlock()
	if stop != nil { // the watch has ended
		stop()
	}
	return true
}

// askBatch looks at the sessions that have another revision than when they were last
// seen. It reports whether the store answered in time.
func (l *watches) askBatch(ids []session.ID, byID map[session.ID][]*watch) bool {
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	revs, err := l.source.revisions(ctx, ids)
	for i, rev := range revs {
		ws := slices.DeleteFunc(byID[ids[i]], func(w *watch) bool { return w.seen == rev })
		if len(ws) == 0 {
			continue
		}
		rev, secrets, lookErr := l.source.look(ctx, ids[i])
		if errors.Is(lookErr, session.ErrUnavailable) {
			err = lookErr
		}
		for _, w := range ws {
			w.see(rev, secrets, lookErr)
		}
	}
	if err != nil {
		l.failed(ctx, session.StoreError(err))
	}
	return ctx.Err() == nil
}

// see ends the watch if the session has ended, or if another request has ended the
// token that it was opened with. It tells of other changes.
func (w *watch) see(rev session.Revision, secrets session.Secrets, err error) {
	var cause error
	s := hooks.Of(w.session)
	committing := s.Committing() // looked at first: a commit that is over has made its outcome known
	switch {
	case errors.Is(err, session.ErrNotFound):
		cause = err
	case err != nil: // it may be live
		return
	case secrets.Renewals() > s.Renewals():
		cause = session.ErrGone
	}
	others := rev != session.Revision(s.Revision())
	switch {
	case cause == nil && (w.changes == nil || !others || !committing):
		if w.seen = rev; others {
			w.tell()
		}
	case committing: // which may be why
		time.AfterFunc(min(recheck<<min(w.waits, 10), w.in.interval), w.suspect)
		w.waits++
	default:
		w.cancel(cause)
	}
}

// tell tells of a change. A change that was not taken yet stands for both.
func (w *watch) tell() {
	select {
	case w.changes <- struct{}{}:
	default: // also if it is nil
	}
}
