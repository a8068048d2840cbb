package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
)

// A request is the part of a request that its response needs.
type request struct {
	header http.Header
	method string
	uri    string // as the client sent it
	host   string // to which it was sent
	url    *url.URL
	tls    bool

	arrived time.Time // the times of secrets are compared with it
	cookie  *cookieTransport
}

// A use is the session of a request, loaded when it is first asked for.
type use[T any] struct {
	loading bool
	loaded  chan struct{} // closed when the load ends; nil while no goroutine waits
	session *session.Session[T]
	err     error             // of the load
	by      tokenWriter       // the way by which a token goes back
	told    bool              // a token is in the response's header
	offPath bool              // browsers do not send the cookie with this request: see Cookie.Path
	route   string            // the pattern of the route that asked last
	limits  []context.Context // with which it was asked for, if they end before the request
	outside withoutSession[T] // the context of the first load
}

var (
	errPanic    = errors.New("sessions: the load panicked")
	errNoReason = errors.New("sessions: Fail was called without an error")
	errFirstUse = lateError("the session is first asked for after the response has begun; call Get before the first byte, so that the response can vary by the cookie")
	errOffPath  = lateError("the change needs a cookie, but the request is outside Cookie.Path, and the cookie would take the place of another page's; change sessions below that path only, or let the proxy that shortens paths send X-Forwarded-Prefix")
	errTimeout  = &wrapped{"sessions: the time of the request has passed, and nothing of the session is saved", session.ErrTimeout}
	errReturned = lateError("the session is asked for after the request has ended; a goroutine that outlives its handler must get the session before, and code around the handlers, such as a framework's error handler, must run inside the manager's Handler")
)

func lateError(text string) error { return &wrapped{"sessions: " + text, session.ErrLate} }

// A wrapped is an error with a text of its own.
type wrapped struct {
	text string
	err  error
}

func (e *wrapped) Error() string { return e.text }
func (e *wrapped) Unwrap() error { return e.err }

// get returns the request's session, and loads it the first time. The request r is the
// caller's, or nil if it is not known.
func (x *response[T]) get(ctx context.Context, r *http.Request) (*session.Session[T], error) {
	x.mu.Lock()
	x.use.noteRoute(r)
	for x.use.loading {
		if x.use.loaded == nil {
			x.use.loaded = make(chan struct{})
		}
		loaded := x.use.loaded
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
	case x.phase == unsent && x.returned && x.Err() != nil: // another writer's response: nothing would commit a change
		return nil, errReturned
	case x.use.session != nil || x.use.err != nil:
		x.use.limit(ctx, x)
		return x.use.session, x.use.err
	case x.tooLate():
		return nil, errFirstUse
	case passed(ctx):
		return nil, errTimeout
	}
	return x.loadFirst(ctx)
}

// limit keeps a context that ends before the request does, as http.TimeoutHandler and
// routers make them. When its time has passed, its part of the handler may be half done.
func (u *use[T]) limit(ctx, request context.Context) {
	own, _ := request.Deadline()
	deadline, limited := ctx.Deadline()
	if !limited || deadline.Equal(own) {
		return
	}
	u.limits = slices.DeleteFunc(u.limits, func(old context.Context) bool {
		return old.Done() == ctx.Done() || old.Err() == context.Canceled
	})
	u.limits = append(u.limits, ctx)
}

// overdue reports whether the time has passed of the request, or of a part of it that
// has asked for the session.
func (x *response[T]) overdue() bool {
	if passed(x) {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(x.use.limits, passed)
}

func passed(ctx context.Context) bool { return errors.Is(ctx.Err(), context.DeadlineExceeded) }

// tooLate reports whether the response can no longer vary by the cookie. The caller
// holds mu.
func (x *response[T]) tooLate() bool { return x.phase != unsent && x.phase != answering }

// loadFirst loads the session and keeps it. The caller holds mu, which loadFirst
// gives up while it loads.
func (x *response[T]) loadFirst(ctx context.Context) (s *session.Session[T], err error) {
	var by tokenWriter
	err = errPanic
	u := x.use
	defer func() {
		x.mu.Lock()
		u.loading = false
		if u.loaded != nil {
			close(u.loaded)
			u.loaded = nil
		}
		switch {
		case err != nil && (ctx.Err() != nil || err == errPanic): // the caller gave up, not the request
		case x.tooLate():
			s, err = nil, errFirstUse
		default:
			u.session, u.err, u.by = s, err, by
			u.limit(ctx, x)
			u.offPath = by == x.request.cookie && x.request.cookie.misses(x.request)
			if s != nil && x.passive {
				s.SetPassive(true)
			}
			if s != nil {
				hooks.Of(s).Offer(x.offers(by, u.offPath))
			}
			if s != nil && (x.returned || x.phase == answering || u.offPath) {
				hooks.Of(s).Detach(ctx) // at once: no commit is in progress
			}
		}
	}()
	u.loading = true
	outside := &u.outside
	if outside.Context != nil { // an earlier load failed, and code that it called may still use its context
		outside = new(withoutSession[T])
	}
	outside.Context = ctx
	x.mu.Unlock()
	if !x.canceled() {
		by, s, err = x.load(outside)
	}
	if err != nil && x.canceled() {
		within := newSaveContext(outside, x.m.options.saveTimeout())
		defer within.stop()
		by, s, err = x.load(within)
	}
	return s, err
}

// canceled reports whether the request's context was canceled, as when the server shuts
// down. That does not end a load, because the client may wait for the answer.
func (x *response[T]) canceled() bool { return errors.Is(x.Err(), context.Canceled) }

// load returns the session of the token that the request bears.
func (x *response[T]) load(ctx context.Context) (tokenWriter, *session.Session[T], error) {
	if err := x.request.cookie.invalid; err != nil {
		x.m.reportFailure(ctx, err)
		return x.request.cookie, nil, err
	}
	if x.m.device != nil {
		x.noteSkipped(ctx)
	}
	got := x.receive(ctx)
	if got.token.IsZero() {
		return got.by, session.New(x.m.store, &x.m.policy), nil
	}
	s, err := session.Load(ctx, x.m.store, &x.m.policy, got.token, x.request.arrived)
	if err == nil && s.IsNew() && !s.Gone() && byCookie(got.by) {
		x.adviseOthers(false)
	}
	return got.by, s, err
}

// receive returns the token that the request bears, and reports one that is rejected.
func (x *response[T]) receive(ctx context.Context) received {
	got, err := x.transport().receive(x.request.header)
	if err != nil {
		x.m.observe(ctx, session.Event{Kind: session.EventRejected, Err: err})
		switch {
		case errors.Is(err, errForged):
			x.m.unknownKey.log(ctx, x.m.options.logger(), adviceSignature)
		case errors.Is(err, errSigned):
			x.m.unknownKey.log(ctx, x.m.options.logger(), adviceSigned)
		case errors.Is(err, errAmbiguous):
			x.m.twoCookies.log(ctx, x.m.options.logger(), adviceTwoCookies)
			got.by = cookieCleaner{x.request.cookie, x.request.host, x.request.url.EscapedPath()}
		}
	}
	return got
}

// used returns the session, if it was loaded, and whether it was asked for.
func (x *response[T]) used() (s *session.Session[T], used bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.use.session, x.use.asked()
}

// asked reports whether the session was asked for.
func (u *use[T]) asked() bool { return u.session != nil || u.err != nil }

// noteRoute keeps the pattern of the route that answers, if the session was asked for
// without the request, by FromContext.
func (x *response[T]) noteRoute(r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.use.asked() && x.use.route == "" {
		x.use.noteRoute(r)
	}
}

// noteRoute keeps the pattern of the route that uses the session, for the log. A
// router that sets none leaves the path.
func (u *use[T]) noteRoute(r *http.Request) {
	switch {
	case r == nil:
	case r.Pattern != "":
		u.route = r.Pattern
	case u.route == "":
		u.route = r.URL.Path
	}
}

// writeToken puts the news for the client into the response's header. It sends only
// tokens that this request issued: an older token could overwrite the token of a log-in
// in another request.
func (x *response[T]) writeToken(h http.Header, s *session.Session[T]) {
	u := x.use
	if u.told {
		x.transport().drop(h)
		u.told = false
	}
	switch hooks.Of(s).News() {
	case hooks.NewToken:
		token, _ := s.Token()
		u.by.send(h, issuedToken{token, s.Remembered(), s.Deadline(), hooks.Of(s).SecretEnds()})
		if byCookie(u.by) {
			x.adviseOthers(true)
		}
		if x.dropsSecureCookie() {
			x.m.secureHTTP.log(x, x.m.options.logger(), advicePlainHTTP, slog.String("host", x.request.host))
		}
	case hooks.NoToken:
		u.by.forget(h)
	default:
		return
	}
	u.told = true
	keepFromCaches(h, &x.lines)
}
