package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/rules"
	"github.com/seed48429006/sessions/session"
)

// A Manager gives the requests of a web application their sessions, with values of type
// T. Make one with [New]. It is safe for concurrent use.
type Manager[T any] struct {
	store      session.Store[T]
	policy     session.Policy
	options    Options
	cookie     *cookieTransport
	device     *deviceEndpoint // nil if sessions are not bound
	transport  tokenTransport
	cookies    cookies  // of CookieFor
	tokenNames []string // of the transport, and the path of the device endpoint
	varyHeader string   // the value that responses add to Vary
	typeName   string
	twoCookies advice
	unknownKey advice
	sideBySide advice
	offPath    advice
	secureHTTP advice
	watches    watches
}

// New returns a manager that keeps sessions in store. Nil options are the zero
// [Options]. The error names everything that is wrong with T and the options at
// once.
func New[T any](store session.Store[T], o *Options) (*Manager[T], error) {
	m := &Manager[T]{store: store, typeName: reflect.TypeFor[T]().String()}
	if o != nil {
		m.options = *o
	}
	errs := []error{session.Check[T](), m.options.configured.inWords(m.options.check())}
	if v := reflect.ValueOf(store); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		errs = append(errs, errors.New("sessions: the store is nil"))
	}
	if m.options.MaxPerOwner > 0 {
		errs = append(errs, m.options.configured.inWords(checkOwners(store)))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if reaper, ok := store.(session.Reaper); ok && m.options.Observe != nil {
		reaper.OnReaped(func(e session.Event) { m.observe(context.Background(), e) })
	}
	m.options.logIgnored()
	m.policy = m.options.policy()
	m.cookie = newCookieTransport(m.options.Cookie, m.options.Secrets)
	m.cookie.acceptUnsigned = m.options.AcceptUnsigned
	m.device = newDeviceEndpoint(&m.options, m.cookie)
	m.options.Secrets = nil // the signer has copies, which print nowhere
	m.transport = m.cookie
	if m.options.Transport != nil {
		m.transport = m.options.Transport.tokenTransport(m.cookie)
	}
	m.tokenNames = m.transport.tokenNames()
	if m.device != nil {
		m.tokenNames = append(slices.Clip(m.tokenNames), "DeviceBound.Path "+m.device.path)
	}
	m.varyHeader = strings.Join(m.transport.sources(), ", ")
	m.watches = watches{
		source:   newPollSource(store),
		interval: m.options.watchInterval(),
		timeout:  m.options.saveTimeout(),
		failed:   m.reportFailure,
		wake:     make(chan struct{}, 1),
	}
	return m, nil
}

// checkOwners reports why sessions cannot be counted by owner, as MaxPerOwner asks.
func checkOwners[T any](store session.Store[T]) error {
	var errs []error
	if _, ok := store.(session.Indexer[T]); !ok && store != nil {
		errs = append(errs, fmt.Errorf("sessions: MaxPerOwner needs a store that finds sessions by owner, which %T does not", store))
	}
	if !rules.HasOwner[T]() {
		errs = append(errs, fmt.Errorf("sessions: MaxPerOwner needs a method SessionOwner() string of %v%s", reflect.TypeFor[T](), rules.OwnerHint[T]()))
	}
	return errors.Join(errs...)
}

// Handler returns a handler that calls next with a request that has a session:
// see [Get]. The session is loaded when it is first asked for. A request that does
// not ask for it costs nothing.
//
// The session is committed before the first byte of the response, or when next returns.
// If the commit fails, [Options].ErrorHandler answers and nothing of next's response is
// sent; writes return the error. Changes made after the first byte are committed when
// next returns. If that fails, the response is broken off by [http.ErrAbortHandler]:
// see the section "After the first byte". A request that has run out of time saves
// nothing: see the section "Timeouts".
//
// If next panics, its changes are dropped, but a destroyed session is destroyed. A
// goroutine that uses the session after next has returned must commit it itself,
// and cannot make changes that need a cookie.
//
// Hijacking a connection commits too, but next sends the response by itself. If
// the session may be new or renewed, the upgrade response must have the headers of
// w.Header(). Libraries that answer by w.WriteHeader(101) send them. Libraries that
// take headers as an argument, such as gorilla/websocket, must be given w.Header().
//
// Handler panics if next is nil, and when a request comes from another manager's
// handler that uses the same cookie, or from this manager's.
func (m *Manager[T]) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("sessions: Manager.Handler: the handler is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.device != nil {
			if rest, ok := m.device.serves(r); ok {
				m.serveDevice(w, r, rest)
				return
			}
		}
		x := newResponse(m, r)
		x.checkChain()
		newWriter(w, r, x, m.options.HoldBack).serve(next, r)
	})
}

// Open returns the session that a token gives access to, for code without a request at
// hand: jobs, WebSockets, RPC. The caller commits it, with [session.Session.Commit],
// and then hands back the token of [session.Session.Token], which a renewal replaces.
//
// An empty token gives a new session. One that is malformed, unknown, expired
// or ended by a log-in gives [session.ErrNotFound], and a store that does not answer
// [session.ErrUnavailable].
func (m *Manager[T]) Open(ctx context.Context, token string) (*session.Session[T], error) {
	if token == "" {
		return session.New(m.store, &m.policy), nil
	}
	t, err := session.ParseToken(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrNotFound, err)
	}
	s, err := session.Load(ctx, m.store, &m.policy, t, time.Time{})
	if err != nil {
		return nil, err
	}
	if s.IsNew() {
		return nil, session.ErrNotFound
	}
	return s, nil
}

// Options returns the manager's options, with the durations that zero stands for and
// without the secrets. Handlers find there how long sessions live.
func (m *Manager[T]) Options() Options {
	o := m.options
	o.Lifetime = cmp.Or(o.Lifetime, session.DefaultLifetime)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, session.DefaultIdleTimeout)
	o.SaveTimeout, o.WatchInterval = o.saveTimeout(), o.watchInterval()
	if o.DeviceBound.Enabled {
		o.DeviceBound.Life, o.DeviceBound.Path = o.DeviceBound.life(), m.device.path
	}
	o.Remember.Lifetime = cmp.Or(o.Remember.Lifetime, max(session.DefaultRememberLifetime, o.Lifetime))
	o.Remember.IdleTimeout = cmp.Or(o.Remember.IdleTimeout, o.Remember.Lifetime)
	return o
}

// Format writes the manager's type, for every verb.
func (m *Manager[T]) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "sessions.Manager[%v]", reflect.TypeFor[T]())
}

// LogValue returns the manager's type.
func (m *Manager[T]) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// observe reports an event that happened outside any session.
func (m *Manager[T]) observe(ctx context.Context, e session.Event) {
	if m.options.Observe != nil {
		m.options.Observe(ctx, e)
	}
}

// reportFailure reports that the store did not answer outside any session.
func (m *Manager[T]) reportFailure(ctx context.Context, err error) {
	e := session.Event{Kind: session.EventFailed, Err: err}
	m.observe(ctx, e)
	m.options.report(ctx, e)
}

// reportTimeout reports that a session's changes were dropped, since the time of the
// request had passed.
func (m *Manager[T]) reportTimeout(ctx context.Context, id session.ID) {
	e := session.Event{Kind: session.EventTimeout, ID: id, Err: session.ErrTimeout}
	m.observe(ctx, e)
	m.options.report(ctx, e)
}
