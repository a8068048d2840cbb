package middleware

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// A response is a request's session, and how far the response to it has come. It
// decides the client's answer: the handler's writes, Fail, a failed commit and a panic
// all go through it. The writer asks it before it sends something.
//
// It is the request's context as well, which saves an allocation on the path of
// every request. A context may be kept for long, so a response holds neither the
// request, with its body and form, nor the writer.
type response[T any] struct {
	context.Context // of the request as it came
	m               *Manager[T]
	request         *request
	lines           [3]string // of the response's header

	mu       sync.Mutex // guards the fields below
	phase    phase
	passive  bool          // the request is no use of the session
	returned bool          // the handler has returned; code around the manager may write yet
	status   int           // sent to the client
	err      error         // why the response failed
	failed   *http.Request // given to Fail, for the error handler
	use      *use[T]
}

// newResponse allocates once. Secrets are behind pointers, because package fmt does not
// follow them.
func newResponse[T any](m *Manager[T], r *http.Request) *response[T] {
	all := &struct {
		response response[T]
		request  request
		use      use[T]
	}{request: request{r.Header, r.Method, r.RequestURI, r.Host, r.URL, r.TLS != nil, time.Now(), m.cookieOf(r)}}
	x := &all.response
	x.Context, x.m, x.request, x.use = r.Context(), m, &all.request, &all.use
	x.passive = m.options.Passive != nil && m.options.Passive(r)
	return x
}

// transport returns the way by which the request's token goes.
func (x *response[T]) transport() tokenTransport {
	if x.request.cookie != x.m.cookie {
		return x.request.cookie
	}
	return x.m.transport
}

// A phase is how far a response has come.
type phase int

const (
	unsent    phase = iota // nothing was sent
	sent                   // the header was sent; only breaking off can show a failure
	failed                 // an error is to be answered; the handler's writes are dropped
	answering              // the error handler answers
	over                   // it has answered; everything else is dropped
	hijacked               // the connection is the handler's
)

// begin is called before a part of the response is sent. It commits the session
// before the first byte, and reports whether that comes next and whether the session
// was asked for. It returns an error if nothing of the response is to be sent.
func (x *response[T]) begin(w *writer, status int) (first, used bool, err error) {
	x.mu.Lock()
	before, returned, err := x.phase, x.returned, x.err
	used = x.use.asked()
	if before == unsent {
		x.phase, x.status = sent, status
	}
	x.mu.Unlock()
	switch {
	case before == unsent && !used:
		return true, false, nil
	case before == unsent:
		err = x.commitFirst(w, status)
		if err != nil && returned {
			x.answer(w, w.r, w.encoding)
		}
		return err == nil, used, err
	case before == sent && returned && err == nil:
		if err = x.commitLate(); err != nil {
			x.reject(sent, err)
		}
	case before == answering:
		x.keepPrivate(w.ResponseWriter.Header())
		return false, used, nil
	}
	return false, used, err
}

// commitFirst commits the session before the first byte.
func (x *response[T]) commitFirst(w *writer, status int) error {
	committed := false
	defer func() {
		if !committed { // an edit panicked in a replay
			x.enter(unsent, nil)
		}
	}()
	err := x.commit(w, status)
	if committed = true; err != nil {
		x.reject(failed, err)
	}
	return err
}

// finish is called when the handler has returned and the held-back part is sent. It
// returns an error if the response must be broken off.
func (x *response[T]) finish(w *writer) error {
	x.mu.Lock()
	now := x.phase
	if !x.use.asked() && (now == unsent || now == sent && x.err == nil) {
		x.returned = true
		x.mu.Unlock()
		return nil
	}
	x.mu.Unlock()
	if now == unsent {
		if err := x.commit(w, http.StatusOK); err != nil {
			x.reject(failed, err)
		}
	}
	x.noteRoute(w.r)
	var broken error
	switch x.now() {
	case failed:
		x.answer(w, w.r, w.encoding)
	case sent:
		broken = x.finishSent()
	case hijacked:
		x.finishSent() // the client cannot be told of a failure, which is an event
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.returned = true
	return broken
}

// finishSent commits changes that were made after the first byte.
func (x *response[T]) finishSent() error {
	err := x.failure()
	if err == nil {
		if err = x.commitLate(); err != nil {
			x.reject(x.now(), err)
		}
	} else {
		x.end(true)
	}
	return err
}

// reject makes the response one that fails, for a change that was not saved.
func (x *response[T]) reject(p phase, err error) {
	x.enter(p, err)
	x.end(false)
}

// abandon is called when the handler has panicked: its changes are dropped. If
// nothing was sent, code around the manager can still answer.
func (x *response[T]) abandon(w *writer) {
	x.mu.Lock()
	if x.phase == failed {
		x.phase, x.err, x.failed = unsent, nil, nil
	}
	x.returned = true
	before := x.phase
	x.mu.Unlock()
	if s := x.end(true); s != nil && before == unsent && !s.Modified() {
		x.writeToken(w.ResponseWriter.Header(), s)
	}
}

// fail is Fail's part of the response: see there. It may be called by any goroutine
// of the handler. The answer itself comes when the handler has returned, since
// writers around the manager's may be anywhere on the way to it.
func (x *response[T]) fail(to http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		err = errNoReason
	}
	x.mu.Lock()
	x.use.noteRoute(r)
	returned := x.returned
	switch {
	case x.phase == unsent:
		x.phase, x.err, x.failed = failed, err, r
	case x.phase == sent && x.err == nil && x.status < 500: // else the client knows of a failure
		x.err = err
	}
	unanswered := x.phase == failed
	s := x.use.session
	x.mu.Unlock()
	if s != nil {
		hooks.Of(s).Abandon()
	}
	if returned && unanswered { // by code around the manager, which writes where it likes
		x.answer(to, r, to.Header()["Content-Encoding"])
	}
}

// answer lets the error handler answer a response that has failed. The client still
// learns the token of an earlier commit.
func (x *response[T]) answer(to http.ResponseWriter, r *http.Request, encoding []string) {
	x.mu.Lock()
	err, own := x.err, x.failed == nil
	if !own {
		r = x.failed
	}
	x.phase, x.failed = answering, nil
	x.mu.Unlock()
	h := to.Header()
	dropBody(h, encoding)
	x.transport().drop(h)
	if s := x.end(!own); s != nil && !s.Modified() { // a log-out that failed must not look like one
		x.writeToken(h, s)
	}
	x.keepPrivate(h)
	h["Cache-Control"] = []string{"no-store"}
	if p := x.probe(); p != nil {
		p.Fail(err)
	}
	answer := &answer{ResponseWriter: to}
	defer func() {
		if !answer.begun { // an error handler that writes nothing, or panics, would mean 200
			DefaultErrorHandler(to, r, err)
		}
		if s, _ := x.used(); s != nil {
			hooks.Of(s).Abandon()
		}
		x.enter(over, err)
	}()
	x.m.options.errorHandler()(answer, r, err)
}

// hijack is called when the handler has taken the connection over.
func (x *response[T]) hijack() { x.enter(hijacked, x.failure()) }

// reopen is called when nothing was sent after begin, because the connection could not
// be taken over.
func (x *response[T]) reopen() {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.phase != sent:
	case x.err != nil: // by Fail in the meantime
		x.phase = failed
	default:
		x.phase = unsent
	}
}

// holds reports whether a response that is held back may stay so, and whether its
// session was asked for.
func (x *response[T]) holds() (inHand, used bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.phase == unsent && !x.returned, x.use.asked()
}

// now returns the phase.
func (x *response[T]) now() phase {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.phase
}

// failure returns why nothing more of the handler's response is to be sent.
func (x *response[T]) failure() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

func (x *response[T]) enter(p phase, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.phase, x.err = p, err
}

// commit commits the session before the header is sent, and puts the token there. It
// does so again if code around the manager writes when the handler has returned.
func (x *response[T]) commit(w *writer, status int) error {
	s, used := x.used()
	h := w.ResponseWriter.Header()
	x.noteRoute(w.r)
	if s != nil {
		if x.use.offPath || !s.IsNew() && x.canceled() && w.clientGone() {
			hooks.Of(s).Detach(x) // the client would never learn a new token
		} else {
			hooks.Of(s).Attach()
		}
		if err := x.save(s, status); err != nil {
			return x.explain(err)
		}
		x.writeToken(h, s)
		if x.m.device != nil {
			x.m.device.offer(h, hooks.Of(s), &x.lines)
		}
	}
	if used {
		keepPrivate(h, x.m.varyHeader, &x.lines)
	}
	return nil
}

// explain returns the error of a commit with its cause, if it is a matter of the path.
func (x *response[T]) explain(err error) error {
	if !x.use.offPath || !errors.Is(err, session.ErrLate) {
		return err
	}
	x.m.offPath.log(x, x.m.options.logger(), errOffPath.Error(), routeAttrs(x)...)
	return errOffPath
}

// commitLate commits changes that were made after the header was sent.
func (x *response[T]) commitLate() error {
	s, _ := x.used()
	if s == nil {
		return nil
	}
	return x.save(s, x.status)
}

// save commits the session, if there is something to do, and detaches it.
func (x *response[T]) save(s *session.Session[T], status int) error {
	if hooks.Of(s).Settled() {
		return hooks.Of(s).Detach(x)
	}
	if x.overdue() {
		return x.saveOverdue(s, status)
	}
	return x.saveWithin(x, s)
}

// saveOverdue drops the session's changes, since the time has passed of the code that
// made them: the client may have been told so by others, such as
// http.TimeoutHandler. A response that does not say so fails. The session's end is
// carried out.
func (x *response[T]) saveOverdue(s *session.Session[T], status int) error {
	changed := s.Modified()
	s.Discard()
	if changed {
		x.m.reportTimeout(x, s.ID())
	}
	if s.Modified() {
		if err := x.saveWithin(context.WithoutCancel(x), s); err != nil {
			return err
		}
	}
	if changed && status < 500 {
		return errTimeout
	}
	return hooks.Of(s).Detach(context.WithoutCancel(x))
}

// saveWithin commits the session within the request's deadline and SaveTimeout. It
// takes part in no transaction that the request's context may have: the response
// would be sent before that ends.
func (x *response[T]) saveWithin(request context.Context, s *session.Session[T]) (err error) {
	if session.TransactionOf(x) != nil {
		request = session.WithTransaction(request, nil)
	}
	ctx := newSaveContext(request, x.m.options.saveTimeout())
	defer ctx.stop()
	returned := false
	defer func() {
		if !returned { // an edit panicked in a replay
			hooks.Of(s).Abandon()
		}
	}()
	for range 2 { // an observer may have changed the session in the first commit
		if err = s.Commit(ctx); err != nil {
			break
		}
	}
	if returned = true; err != nil {
		return err
	}
	return hooks.Of(s).Detach(ctx)
}

// end drops the session's changes, but for its end, which is carried out if again is
// true. It returns nil if no session was loaded.
func (x *response[T]) end(again bool) *session.Session[T] {
	s, _ := x.used()
	if s == nil {
		return nil
	}
	hooks.Of(s).Abandon()
	if again && s.Modified() {
		x.save(s, http.StatusInternalServerError) // a failure is an event, and s stays Modified
	}
	return s
}

// keepPrivate marks the response if its session was asked for.
func (x *response[T]) keepPrivate(h http.Header) {
	if _, used := x.used(); used {
		keepPrivate(h, x.m.varyHeader, &x.lines)
	}
}
