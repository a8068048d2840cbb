package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// An exchange is the session's side of one request and its response: it loads the
// session, commits it, and puts the token into the response's header. The writer
// tells it how far the response has come.
//
// It is the request's context as well, which saves an allocation on the path of
// every request. A context may be kept for long, so an exchange holds neither the
// request, with its body and form, nor the writer.
type exchange[T any] struct {
	context.Context // of the request as it came
	m               *Manager[T]
	header          http.Header // of the request
	host            string      // to which it was sent
	url             *url.URL
	tls             bool
	lines           [3]string // of the response's header

	mu       sync.Mutex // guards the fields below
	loading  bool
	loaded   chan struct{} // closed when the load ends; nil while no goroutine waits
	session  *session.Session[T]
	err      error // of the load
	received received
	stored   bool // the received token was a session's
	reach    reach
	outside  withoutSession[T] // the context of the first load
}

// A reach is how much the client can still be told.
type reach int

const (
	everything reach = iota
	nothingNew       // the handler has returned; code around the manager may write yet
	nothing          // the header was sent
)

var (
	errPanic    = errors.New("sessions: the load panicked")
	errFirstUse = lateError("the session is first asked for after the response has begun; call Get before the first byte, so that the response can vary by the cookie")
	errReturned = lateError("the session is asked for after the request has ended; code that runs after the handler, such as a framework's error handler, must run within what ends the request, such as a timeout")
)

func lateError(text string) error { return &wrapped{"sessions: " + text, session.ErrLate} }

// A wrapped is an error with a text of its own.
type wrapped struct {
	text string
	err  error
}

func (e *wrapped) Error() string { return e.text }
func (e *wrapped) Unwrap() error { return e.err }

// get returns the request's session, and loads it the first time.
func (x *exchange[T]) get(ctx context.Context) (*session.Session[T], error) {
	x.mu.Lock()
	for x.loading {
		if x.loaded == nil {
			x.loaded = make(chan struct{})
		}
		loaded := x.loaded
		x.mu.Unlock()
		select {
		case <-loaded:
		case <-ctx.Done():
			return nil, session.StoreError(ctx.Err())
		}
		x.mu.Lock()
	}
	defer x.mu.Unlock()
	switch {
	case x.reach == nothingNew && x.Err() != nil: // another writer's response: nothing would commit a change
		return nil, errReturned
	case x.session != nil || x.err != nil:
		return x.session, x.err
	case x.reach == nothing:
		return nil, errFirstUse
	}
	return x.loadFirst(ctx)
}

// loadFirst loads the session and keeps it. The caller holds mu, which loadFirst
// gives up while it loads.
func (x *exchange[T]) loadFirst(ctx context.Context) (s *session.Session[T], err error) {
	var got received
	err = errPanic
	defer func() {
		x.mu.Lock()
		x.loading = false
		if x.loaded != nil {
			close(x.loaded)
			x.loaded = nil
		}
		switch {
		case err != nil && (ctx.Err() != nil || err == errPanic): // the caller gave up, not the request
		case x.reach == nothing:
			s, err = nil, errFirstUse
		default:
			x.session, x.err, x.received = s, err, got
			x.stored = s != nil && !s.IsNew()
			if s != nil && x.reach == nothingNew {
				hooks.Of(s).Detach(ctx) // at once: no commit is in progress
			}
		}
	}()
	x.loading = true
	outside := &x.outside
	if outside.Context != nil { // an earlier load failed, and code that it called may still use its context
		outside = new(withoutSession[T])
	}
	outside.Context = ctx
	x.mu.Unlock()
	got, s, err = x.load(outside)
	return s, err
}

func (x *exchange[T]) load(ctx context.Context) (received, *session.Session[T], error) {
	got, err := x.m.transport.receive(x.header)
	if err != nil {
		x.m.observe(ctx, session.Event{Kind: session.EventRejected, Err: err})
		if errors.Is(err, errAmbiguous) {
			x.m.twoCookies.log(ctx, x.m.options.logger(), adviceTwoCookies)
			got.by = cookieCleaner{x.m.cookie, x.host, x.url.EscapedPath()}
		}
	}
	if got.token.IsZero() {
		return got, session.New(x.m.store, &x.m.policy), nil
	}
	s, err := session.Load(ctx, x.m.store, &x.m.policy, got.token)
	return got, s, err
}

// use returns the session, if it was loaded, and whether it was asked for. From
// then on a session that is loaded has the given reach.
func (x *exchange[T]) use(r reach) (s *session.Session[T], used bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reach = max(x.reach, r)
	return x.session, x.session != nil || x.err != nil
}

// commit commits the session, puts the token into the response's header and
// detaches the session. It attaches the session before: code around the manager,
// such as a framework's error handler, may write after the handler has returned.
// If sent is true, the header is sent next.
func (x *exchange[T]) commit(h http.Header, sent bool) error {
	r := nothingNew
	if sent {
		r = nothing
	}
	s, used := x.use(r)
	if s == nil {
		if used {
			keepPrivate(h, x.m.varyHeader, &x.lines)
		}
		return nil
	}
	hooks.Of(s).Attach()
	if errors.Is(x.Err(), context.Canceled) && !s.IsNew() {
		hooks.Of(s).Detach(x) // the client has gone, and would never learn a new token
	}
	committed := false
	defer func() {
		if !committed { // an edit panicked in a replay
			s.Discard()
		}
	}()
	err := x.save(s)
	committed = true
	if err == nil {
		x.writeToken(h, s)
		keepPrivate(h, x.m.varyHeader, &x.lines)
	}
	return err
}

// commitLate commits changes that were made after the header was sent.
func (x *exchange[T]) commitLate() error {
	if s, _ := x.use(nothing); s != nil {
		return x.save(s)
	}
	return nil
}

// save commits the session, if there is something to do, and detaches it. It takes
// part in no transaction that the request's context may have: the response would be
// sent before that ends.
func (x *exchange[T]) save(s *session.Session[T]) error {
	if hooks.Of(s).Settled() {
		return hooks.Of(s).Detach(x)
	}
	request := context.Context(x)
	if session.TransactionOf(x) != nil {
		request = session.WithTransaction(x, nil)
	}
	ctx := newSaveContext(request, x.m.options.saveTimeout())
	defer ctx.stop()
	for range 2 { // an observer may have changed the session in the first commit
		if err := s.Commit(ctx); err != nil {
			return err
		}
	}
	return hooks.Of(s).Detach(ctx)
}

// writeToken sets or clears the cookie if the client must learn something. It sends
// only tokens that the client does not have yet: one that was sent again could
// overwrite the token of a log-in in another request.
func (x *exchange[T]) writeToken(h http.Header, s *session.Session[T]) {
	token, ok := s.Token()
	switch {
	case s.Gone():
		return
	case ok && !token.Equal(x.received.token):
		x.received.by.send(h, issuedToken{token, s.Persistent(), s.Deadline()})
		if x.dropsSecureCookie() {
			x.m.secureHTTP.log(x, x.m.options.logger(), advicePlainHTTP, slog.String("host", x.host))
		}
	case !ok && x.stored:
		x.received.by.forget(h)
	default:
		return
	}
	keepFromCaches(h, &x.lines)
}

// discard drops the session's changes. An ended session stays ended.
func (x *exchange[T]) discard() {
	if s, _ := x.use(everything); s != nil {
		s.Discard()
	}
}

// abandon carries out the end of a session whose handler panicked; everything else
// is dropped. If the header was not sent, the client still learns the token of an
// earlier commit.
func (x *exchange[T]) abandon(h http.Header, sent bool) {
	s, _ := x.use(nothingNew)
	if s == nil {
		return
	}
	s.Discard()
	hooks.Of(s).Detach(x)
	if s.Modified() && x.save(s) != nil || sent {
		return
	}
	x.writeToken(h, s)
}

// answer drops the session's changes and lets the error handler answer. The client
// still learns the token of an earlier commit.
func (x *exchange[T]) answer(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	x.m.transport.drop(h)
	s, used := x.use(nothing)
	if s != nil {
		s.Discard()
		hooks.Of(s).Detach(x)
		if !s.Modified() { // a log-out that failed must not look like one
			x.writeToken(h, s)
		}
	}
	if used {
		keepPrivate(h, x.m.varyHeader, &x.lines)
	}
	x.handle(w, r, err)
}

// handle calls the manager's error handler.
func (x *exchange[T]) handle(w http.ResponseWriter, r *http.Request, err error) {
	w.Header()["Cache-Control"] = []string{"no-store"}
	if p := x.probe(); p != nil {
		p.Fail(err)
	}
	handle := x.m.options.ErrorHandler
	if handle == nil {
		handle = DefaultErrorHandler
	}
	// An error handler that writes nothing, or panics, would mean 200.
	answer := &answer{ResponseWriter: w}
	defer func() {
		if !answer.begun {
			DefaultErrorHandler(w, r, err)
		}
	}()
	handle(answer, r, err)
}

// fail answers for a handler that called Fail. A writer that keeps the response
// back, such as that of http.TimeoutHandler, gets the answer itself: the
// response may be another goroutine's.
func (x *exchange[T]) fail(to http.ResponseWriter, r *http.Request, err error) {
	x.discard()
	if w, within := writerOf(x, to); w != nil {
		w.reject(r, err, within)
		return
	}
	dropBody(to.Header(), to.Header()["Content-Encoding"])
	x.m.transport.drop(to.Header())
	x.handle(to, r, err)
	x.discard()
}
