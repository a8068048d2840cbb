package middleware

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed48429006/sessions/session"
)

// An exchange is one request and its response. It is the request's context as
// well, which saves an allocation on the path of every request.
type exchange[T any] struct {
	context.Context // of the request as it came
	m               *Manager[T]
	r               *http.Request // as the handler has it
	w               writer
	saving          saveContext // of the first commit
	outer           link        // of the manager around this one

	mu       sync.Mutex    // guards what follows
	loading  bool          // the session is
	loaded   chan struct{} // closed when that ends; nil if nobody waits
	session  *session.Session[T]
	err      error
	begun    bool // the response is
	received received
	stored   bool // the received token was found to be a session's
	persist  bool // as it was then, and so in the client's cookie
	deadline time.Time
}

func (x *exchange[T]) Value(key any) any {
	switch key.(type) {
	case contextKey[T], chainKey:
		return x
	}
	return x.Context.Value(key)
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
	if x.session != nil || x.err != nil {
		defer x.mu.Unlock()
		return x.session, x.err
	}
	x.loading = true
	x.mu.Unlock()
	return x.first(ctx)
}

// first loads the session and keeps it.
func (x *exchange[T]) first(ctx context.Context) (s *session.Session[T], err error) {
	var got received
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.loading = false
		if x.loaded != nil {
			close(x.loaded)
			x.loaded = nil
		}
		if err != nil && ctx.Err() != nil {
			return // the caller's impatience is not the request's
		}
		x.session, x.err, x.received = s, err, got
		if s != nil {
			x.stored, x.persist, x.deadline = !s.IsNew(), s.Persistent(), s.Deadline()
		}
		if s != nil && x.begun {
			err = s.Detach(ctx)
		}
	}()
	got, s, err = x.load(outside[T]{ctx})
	return s, err
}

func (x *exchange[T]) load(ctx context.Context) (received, *session.Session[T], error) {
	got, err := x.m.carrier.receive(x.r)
	if err != nil {
		x.m.observe(ctx, session.Event{Kind: session.EventRejected, Err: err})
	}
	if got.token.IsZero() {
		return got, session.New(x.m.store, &x.m.policy), nil
	}
	s, err := session.Load(ctx, x.m.store, &x.m.policy, got.token)
	return got, s, err
}

// outside is a request's context without its session: what watches the session
// being loaded must not ask for it.
type outside[T any] struct{ context.Context }

func (c outside[T]) Value(key any) any {
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

// begin commits the session and puts into the response's header what the client
// must learn. The last time is before the first byte.
func (x *exchange[T]) begin(h http.Header, last bool) error {
	x.mu.Lock()
	x.begun = last
	x.mu.Unlock()
	s, used := x.used()
	if !used {
		return nil
	}
	vary(h, x.m.varies)
	if s == nil {
		return nil
	}
	done := false
	defer func() {
		if !done { // an edit panicked when it was made again
			s.Discard()
		}
	}()
	err := x.commit(s)
	if err == nil && last {
		err = s.Detach(x)
	}
	done = true
	if err == nil {
		x.confirm(s)
		x.tell(h, s)
	}
	return err
}

// confirm looks whether a token that is to be issued anew, with another signature,
// is still good: if it was renewed meanwhile, it would take the new one's place in
// the browser. If the store does not say, another request will see to it.
func (x *exchange[T]) confirm(s *session.Session[T]) {
	if token, _ := s.Token(); !x.received.stale || !token.Equal(x.received.token) {
		return
	}
	saving := x.saveContext()
	defer saving.stop()
	there, err := x.m.store.Exists(saving, s.ID())
	x.received.stale = there && err == nil
}

// tell sets or clears the cookie if there is news for the client.
func (x *exchange[T]) tell(h http.Header, s *session.Session[T]) {
	token, ok := s.Token()
	g := grant{token, s.Persistent(), s.Deadline()}
	known := x.received.token.Equal(token) && !x.received.stale && g.persist == x.persist && g.deadline.Equal(x.deadline)
	switch {
	case s.Gone():
		return
	case ok && !known:
		x.received.by.send(h, g)
	case !ok && x.stored:
		x.received.by.forget(h)
	default:
		return
	}
	keepPrivate(h)
}

// end commits what is left when the handler has returned.
func (x *exchange[T]) end() {
	err := x.w.settle(false)
	if err == nil {
		if err = x.again(); err != nil {
			x.w.fail(err)
		}
	}
	x.w.ended = true
	if err != nil && x.w.sent && !x.w.hijacked {
		panic(http.ErrAbortHandler)
	}
}

// again commits what has changed since the response began.
func (x *exchange[T]) again() error {
	if s, _ := x.used(); s != nil {
		return x.commit(s)
	}
	return nil
}

// abandon drops the changes of a handler, or of an edit made again, that panicked.
// A logout stands: if the handler got as far as that, the visitor must not stay
// logged in.
func (x *exchange[T]) abandon() {
	defer func() { x.w.ended = true }()
	s, _ := x.used()
	if s == nil {
		return
	}
	s.Discard()
	if s.Modified() && x.commit(s) != nil {
		return
	}
	x.received.stale = false // not confirmed
	if !x.w.sent {           // of a token that an earlier commit made, too
		x.tell(x.w.ResponseWriter.Header(), s)
	}
}

// fail answers in the handler's place, if nobody has yet. Where the handler's
// writer is one that keeps everything back, such as that of http.TimeoutHandler,
// the answer has to go there: the response may be another goroutine's.
func (x *exchange[T]) fail(w http.ResponseWriter, r *http.Request, err error) {
	if s, _ := x.used(); s != nil {
		s.Discard()
	}
	if !x.w.beneath(w) {
		dropBody(w.Header(), w.Header()["Content-Encoding"])
		x.m.carrier.drop(w.Header())
		x.handle(w, r, err)
	} else if x.w.refuse(err) {
		x.answer(x.w.ResponseWriter, r, err)
	}
}

func (x *exchange[T]) commitFailed(w http.ResponseWriter, err error) { x.answer(w, x.r, err) }

// answer drops the session's changes and answers with the manager's error
// handler. What an earlier commit stored stays, and the client learns its token.
func (x *exchange[T]) answer(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	x.m.carrier.drop(h)
	x.mu.Lock()
	x.begun = true
	x.mu.Unlock()
	if s, used := x.used(); used {
		if s != nil {
			s.Discard()
			s.Detach(x)
			x.received.stale = false // not confirmed
			if !s.Modified() {       // a log-out that failed is not to look like one
				x.tell(h, s)
			}
		}
		vary(h, x.m.varies)
	}
	x.handle(w, r, err)
}

// handle calls the manager's error handler.
func (x *exchange[T]) handle(w http.ResponseWriter, r *http.Request, err error) {
	w.Header()["Cache-Control"] = []string{"no-store"}
	handle := x.m.options.ErrorHandler
	if handle == nil {
		handle = DefaultErrorHandler
	}
	// A handler that says nothing, or panics, would say 200.
	answer := &answer{ResponseWriter: w}
	defer func() {
		if !answer.begun {
			DefaultErrorHandler(w, r, err)
		}
	}()
	handle(answer, r, err)
}

// commit commits the session.
func (x *exchange[T]) commit(s *session.Session[T]) error {
	saving := x.saveContext()
	defer saving.stop()
	return s.Commit(saving)
}

// saveContext returns a context that ends, whatever becomes of the client, with
// [Options.SaveTimeout] or the request's own deadline.
func (x *exchange[T]) saveContext() *saveContext {
	timeout := x.m.options.SaveTimeout
	if timeout == 0 {
		timeout = DefaultSaveTimeout
	}
	saving := &x.saving
	if saving.asked() { // what the store made of the first may still look at it
		saving = new(saveContext)
	}
	saving.request, saving.timeout = x, timeout
	return saving
}

// chainKey finds the innermost exchange, whatever its type.
type chainKey struct{}

// A link is an exchange seen by the managers within it.
type link interface {
	next() link
	describe() (places []string, typeName string)
}

func (x *exchange[T]) next() link { return x.outer }

func (x *exchange[T]) describe() (places []string, typeName string) {
	return x.m.places, x.m.typeName
}

// joinChain panics if a manager around this one uses the same cookie: each would
// overwrite the other's.
func (x *exchange[T]) joinChain() {
	x.outer, _ = x.Context.Value(chainKey{}).(link)
	for l := x.outer; l != nil; l = l.next() {
		places, typeName := l.describe()
		for _, place := range x.m.places {
			if slices.Contains(places, place) {
				panic(fmt.Sprintf("sessions: the managers of %s and %s both use the %s; give one another name",
					typeName, x.m.typeName, place))
			}
		}
	}
}
