package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// An exchange is the session's side of one request and its response: it loads the
// session, commits it, and puts the token into the response's header. It knows
// nothing of the response's state; the writer tells it.
type exchange[T any] struct {
	m       *Manager[T]
	request context.Context // the handling, so that observers find the session
	header  http.Header     // of the request
	host    string          // to which it was sent
	tls     bool

	mu       sync.Mutex // guards the fields below
	loading  bool
	loaded   chan struct{} // closed when the load ends; nil while no goroutine waits
	session  *session.Session[T]
	err      error // of the load
	received received
	stored   bool // the received token was a session's
	detached bool // the handler has returned
	sent     bool // the response's header was sent
	rejected bool // an error handler answers; the handler's changes are dropped
}

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
	if x.session != nil || x.err != nil || x.sent {
		defer x.mu.Unlock()
		if x.session == nil && x.err == nil {
			return nil, errFirstUse
		}
		return x.session, x.err
	}
	x.loading = true
	x.mu.Unlock()
	return x.loadFirst(ctx)
}

// loadFirst loads the session and keeps it.
func (x *exchange[T]) loadFirst(ctx context.Context) (s *session.Session[T], err error) {
	var got received
	err = errPanic
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.loading = false
		if x.loaded != nil {
			close(x.loaded)
			x.loaded = nil
		}
		if err == nil || ctx.Err() == nil && err != errPanic { // else the caller gave up, not the request
			x.session, x.err, x.received = s, err, got
			x.stored = s != nil && !s.IsNew()
		}
	}()
	got, s, err = x.load(withoutSession[T]{ctx})
	if err == nil && x.isDetached() {
		s.Detach(ctx)
	}
	return s, err
}

var (
	errPanic    = errors.New("sessions: the load panicked")
	errFirstUse = lateError("the session is first asked for after the response has begun; call Get before the first byte, so that the response can vary by the cookie")
)

func lateError(text string) error { return &wrapped{"sessions: " + text, session.ErrLate} }

// A wrapped is an error with a text of its own.
type wrapped struct {
	text string
	err  error
}

func (e *wrapped) Error() string { return e.text }
func (e *wrapped) Unwrap() error { return e.err }

func (x *exchange[T]) isRejected() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rejected
}

func (x *exchange[T]) isDetached() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.detached
}

func (x *exchange[T]) load(ctx context.Context) (received, *session.Session[T], error) {
	got, err := x.m.carrier.receive(x.header)
	if err != nil {
		x.m.observe(ctx, session.Event{Kind: session.EventRejected, Err: err})
		if errors.Is(err, errAmbiguous) {
			x.m.twoCookies.log(ctx, x.m.options.logger(), adviceTwoCookies)
		}
	}
	if got.token.IsZero() {
		return got, session.New(x.m.store, &x.m.policy), nil
	}
	s, err := session.Load(ctx, x.m.store, &x.m.policy, got.token)
	return got, s, err
}

// withoutSession is a request's context without its session: an observer of the
// load must not wait for it.
type withoutSession[T any] struct{ context.Context }

func (c withoutSession[T]) Value(key any) any {
	if _, ok := key.(contextKey[T]); ok {
		return nil
	}
	return c.Context.Value(key)
}

// used reports whether the session was asked for, and returns it if it was loaded.
func (x *exchange[T]) used() (*session.Session[T], bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.session, x.session != nil || x.err != nil
}

// commit commits the session and puts the token into the response's header. Then
// it detaches the session. With sent, the header goes out next, and the session
// can no longer be loaded.
func (x *exchange[T]) commit(h http.Header, sent bool) error {
	x.mu.Lock()
	x.detached, x.sent = true, x.sent || sent
	x.mu.Unlock()
	s, used := x.used()
	if !used {
		return nil
	}
	if s == nil {
		keepPrivate(h, x.m.varyHeader)
		return nil
	}
	if x.isRejected() {
		x.closeWithout(h, s)
		return nil
	}
	committed := false
	defer func() {
		if !committed { // an edit panicked in a replay
			s.Discard()
		}
	}()
	x.giveUp(s)
	err := x.save(s)
	committed = true
	if err == nil {
		x.tell(h, s)
		keepPrivate(h, x.m.varyHeader)
	}
	return err
}

// reopen lets the session be told of tokens again: code around the manager, such
// as a framework's error handler, writes after the handler has returned.
func (x *exchange[T]) reopen() {
	x.mu.Lock()
	x.detached = false
	s := x.session
	x.mu.Unlock()
	if s != nil {
		s.Attach()
	}
}

// giveUp keeps a client that has gone from getting a token that it would never
// learn. Other changes of a stored session are saved.
func (x *exchange[T]) giveUp(s *session.Session[T]) {
	if errors.Is(x.request.Err(), context.Canceled) && !s.IsNew() {
		s.Detach(x.request)
	}
}

// commitLate commits changes that were made after the header was sent.
func (x *exchange[T]) commitLate() error {
	if x.isRejected() {
		return nil
	}
	if s, _ := x.used(); s != nil {
		return x.save(s)
	}
	return nil
}

// save commits the session, if there is something to do, and detaches it.
func (x *exchange[T]) save(s *session.Session[T]) error {
	if s.Settled() {
		return s.Detach(x.request)
	}
	ctx := newSaveContext(x.request, x.m.options.saveTimeout())
	defer ctx.stop()
	for range 2 { // an observer may have changed the session in the first commit
		if err := s.Commit(ctx); err != nil {
			return err
		}
	}
	return s.Detach(ctx)
}

// tell sets or clears the cookie if the client must learn something. It sends
// only tokens that the client does not have yet: one that was sent again could
// overwrite the token of a log-in in another request.
func (x *exchange[T]) tell(h http.Header, s *session.Session[T]) {
	token, ok := s.Token()
	switch {
	case s.Gone():
		return
	case ok && !token.Equal(x.received.token):
		x.received.by.send(h, issuedToken{token, s.Persistent(), s.Deadline()})
		if !x.m.options.Cookie.Insecure && x.m.options.Transport == nil && x.plainHTTP() {
			x.m.secureHTTP.log(x.request, x.m.options.logger(), advicePlainHTTP, slog.String("host", x.host))
		}
	case !ok && x.stored:
		x.received.by.forget(h)
	default:
		return
	}
	keepFromCaches(h)
}

// discard drops the session's changes. An ended session stays ended.
func (x *exchange[T]) discard() {
	if s, _ := x.used(); s != nil {
		s.Discard()
	}
}

// abandon carries out the end of a session whose handler panicked; everything else
// is dropped. The client still learns the token of an earlier commit.
func (x *exchange[T]) abandon(h http.Header, sent bool) {
	s, _ := x.used()
	if s == nil {
		return
	}
	s.Discard()
	if s.Modified() && x.save(s) != nil || sent {
		return
	}
	x.tell(h, s)
}

// answer drops the session's changes and lets the error handler answer. The client
// still learns the token of an earlier commit.
func (x *exchange[T]) answer(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	x.m.carrier.drop(h)
	x.mu.Lock()
	x.detached, x.sent = true, true
	x.mu.Unlock()
	if s, used := x.used(); used {
		x.closeWithout(h, s)
	}
	x.handle(w, r, err)
}

// closeWithout completes the response's header without the session's changes. The
// session is nil if it could not be loaded.
func (x *exchange[T]) closeWithout(h http.Header, s *session.Session[T]) {
	if s != nil {
		s.Discard()
		s.Detach(x.request)
		if !s.Modified() { // a log-out that failed must not look like one
			x.tell(h, s)
		}
	}
	keepPrivate(h, x.m.varyHeader)
}

// handle calls the manager's error handler.
func (x *exchange[T]) handle(w http.ResponseWriter, r *http.Request, err error) {
	w.Header()["Cache-Control"] = []string{"no-store"}
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

// reject drops the session's changes and lets the error handler answer by the
// handler's own writer.
func (x *exchange[T]) reject(w http.ResponseWriter, r *http.Request, err error) {
	x.mu.Lock()
	x.rejected = true
	x.mu.Unlock()
	x.discard()
	x.m.carrier.drop(w.Header())
	x.handle(w, r, err)
}

// newRequest returns a request without a body for an error handler.
func (x *exchange[T]) newRequest(line requestLine) *http.Request {
	r := &http.Request{
		Method: line.method, URL: line.url, Host: line.host, RemoteAddr: line.remote,
		Header: x.header, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RequestURI: line.url.RequestURI(),
	}
	return r.WithContext(x.request)
}
