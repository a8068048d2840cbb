package sessions

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

type (
	// A Session is one visitor's state, held as a value of type T. It is an alias of
	// [session.Session]. "The methods of a Session" above lists its methods.
	Session[T any] = session.Session[T]

	// A Manager gives requests their sessions: Manager.Handler is the middleware. It
	// lists and ends the sessions of an owner. It is an alias of [middleware.Manager].
	// "The methods of a Manager" above lists its methods.
	Manager[T any] = middleware.Manager[T]

	// A Store keeps sessions until they expire: see the packages below stores, and
	// [session.Store] for the contract.
	Store[T any] = session.Store[T]

	// A Record is the stored form of a session, as Manager.ByOwner yields it.
	// [session.Record] lists its fields.
	Record[T any] = session.Record[T]

	// Options configure a [Manager]. The zero Options are the default, and secure. They
	// are an alias of [middleware.Options]. "The fields of Options" above lists the
	// fields.
	Options = middleware.Options

	// A Cookie describes the session's cookie. It is a field of [Options].
	// [middleware.Cookie] lists its own fields.
	Cookie = middleware.Cookie

	// DeviceBound binds sessions to the visitors' devices. It is a field of [Options].
	// See [middleware.DeviceBound].
	DeviceBound = middleware.DeviceBound

	// A Transport carries tokens between client and server. It is a field of
	// [Options]. Nil is the cookie. See [middleware.Transport].
	Transport = middleware.Transport

	// A Config holds the options that operators set: see [ParseConfig] and
	// [ConfigFromEnv]. [middleware.Config] lists its fields and their keys.
	Config = middleware.Config

	// A Duration is a time in a [Config]: 3600, 15m, 24h, 30d. See [middleware.Duration].
	Duration = middleware.Duration

	// A SameSite is a cookie's attribute in a [Config]: lax, strict or none. A [Cookie] has
	// net/http's type instead. See [middleware.SameSite].
	SameSite = middleware.SameSite

	// Remember sets how long remembered sessions live. It is a field of [Options]. See
	// [session.Remember].
	Remember = session.Remember

	// An ID names a session for life without giving access to it. It is safe to log,
	// to list and to put into a form. See [session.ID].
	ID = session.ID

	// A Reason is why a session has ended: a constant below, or the application's own.
	// See [session.Reason].
	Reason = session.Reason

	// An Ending says how a session ended: see [Ended] and [session.Ending].
	Ending = session.Ending

	// AtMax says who yields when an owner has Options.MaxPerOwner sessions. See
	// [session.AtMax].
	AtMax = session.AtMax

	// Metrics count events and the time that stores take, for expvar. Metrics.Observe is
	// for Options.Observe. See [middleware.Metrics].
	Metrics = middleware.Metrics

	// An Event reports a step in the life of a session to Options.Observe.
	// [session.Event] lists its fields and kinds.
	Event = session.Event

	// A DecodeError means that a stored record cannot be read. See [session.DecodeError].
	DecodeError = session.DecodeError

	// An EncodeError means that a session's value cannot be stored. See
	// [session.EncodeError].
	EncodeError = session.EncodeError
)

// The reasons for which sessions end.
const (
	ReasonLoggedOut   = session.ReasonLoggedOut   // by Session.Destroy
	ReasonRevoked     = session.ReasonRevoked     // by its owner, from another session
	ReasonOperator    = session.ReasonOperator    // by an operator
	ReasonMaxPerOwner = session.ReasonMaxPerOwner // by a log-in beyond Options.MaxPerOwner
	ReasonReused      = session.ReasonReused      // since a former token was used
	ReasonRenewed     = session.ReasonRenewed     // the token alone: another request has renewed the session
	ReasonDeadline    = session.ReasonDeadline    // by Session.SetDeadline
	ReasonExpired     = session.ReasonExpired     // most likely it timed out; the store has nothing of it
)

// Who yields when an owner has Options.MaxPerOwner sessions.
const (
	EndOldest   = session.EndOldest   // ends the session with the oldest log-in
	RefuseLogIn = session.RefuseLogIn // the log-in, which fails with ErrTooManySessions
)

// Errors, possibly wrapped: test for them with [errors.Is]. [Status] gives the
// HTTP status of each.
var (
	// ErrNoSession means that the request did not come through a [Manager] of the
	// requested type.
	ErrNoSession = session.ErrNoSession

	// ErrUnavailable means that the store did not answer. The visitor is then
	// unknown, not anonymous.
	ErrUnavailable = session.ErrUnavailable

	// ErrGone means that another request ended the session, or logged in and so ended
	// the token that this request came with. Nothing was saved.
	ErrGone = session.ErrGone

	// ErrConflict means that other requests kept changing the session.
	ErrConflict = session.ErrConflict

	// ErrLate means that a change needs a cookie, but the response has begun.
	ErrLate = session.ErrLate

	// ErrTimeout means that the time of the request had passed before its changes were
	// saved. Nothing was saved.
	ErrTimeout = session.ErrTimeout

	// ErrTooManySessions means that the owner has Options.MaxPerOwner sessions, and that
	// the log-in yields.
	ErrTooManySessions = session.ErrTooManySessions

	// ErrTooLarge means that a session is larger than its store accepts.
	ErrTooLarge = session.ErrTooLarge

	// ErrNotFound means that there is no such session.
	ErrNotFound = session.ErrNotFound

	// ErrUnsupported means that the store or the type lacks a needed feature.
	ErrUnsupported = session.ErrUnsupported
)

// New returns a manager that keeps sessions in store. Nil options are the zero
// [Options]. The error lists everything that is wrong with T and the options.
func New[T any](store Store[T], o *Options) (*Manager[T], error) {
	return middleware.New(store, o)
}

// Get returns the request's session. The first call loads it. A visitor without
// a session gets a new one, which is stored only if it is changed.
//
// The errors are [ErrNoSession], [ErrUnavailable] and, if the session is first
// asked for after the first byte of the response, [ErrLate].
func Get[T any](r *http.Request) (*Session[T], error) {
	return middleware.Get[T](r)
}

// Ended returns how the session ended that the request came with, for a page that asks
// the visitor to log in again. It is the zero Ending if the session lives, and without
// Options.KeepEnded. See [session.Session.Ended].
func Ended[T any](r *http.Request) (Ending, error) { return middleware.Ended[T](r) }

// FromContext is [Get] for code that has only the request's context.
func FromContext[T any](ctx context.Context) (*Session[T], error) {
	return middleware.FromContext[T](ctx)
}

// Loaded returns the session of the request, if it has been loaded already, for code that
// can return no error. It loads nothing.
func Loaded[T any](ctx context.Context) (*Session[T], bool) { return middleware.Loaded[T](ctx) }

// Handle returns a handler that calls h with the request's session. If the
// session cannot be loaded, Options.ErrorHandler answers instead of h.
func Handle[T any](h func(http.ResponseWriter, *http.Request, *Session[T])) http.HandlerFunc {
	return middleware.Handle(h)
}

// Passive returns a handler whose requests do not count as use of the session: a page
// that asks it again and again does not keep the visitor logged in.
func Passive(h http.Handler) http.Handler { return middleware.Passive(h) }

// Fail answers for a handler whose Session.Commit failed: it drops the session's
// changes and calls Options.ErrorHandler.
func Fail[T any](w http.ResponseWriter, r *http.Request, err error) {
	middleware.Fail[T](w, r, err)
}

// Take reads a field of the session once: it returns the field's value and sets
// the field to zero. It serves flash messages. See [session.Take].
func Take[T, V any](s *Session[T], field func(*T) *V) V {
	return session.Take(s, field)
}

// Once makes an edit and saves it at once, and returns the edit's result only if that
// succeeded: for a checkout, or a code that is redeemed. See [session.Once].
func Once[T, R any](ctx context.Context, s *Session[T], edit func(v *T) (R, error)) (R, error) {
	return session.Once(ctx, s, edit)
}

// ParseConfig reads a Config from JSON, and refuses unknown keys. stores.FromConfig
// makes a manager of it.
func ParseConfig(data []byte) (Config, error) { return middleware.ParseConfig(data) }

// ConfigFromEnv reads a Config from an environment such as [os.Environ] returns:
// SESSIONS_STORE, SESSIONS_SECRET and so on. It refuses misspelt names. stores.FromEnv
// makes a manager of it.
func ConfigFromEnv(environ []string) (Config, error) { return middleware.ConfigFromEnv(environ) }

// LogEvents returns a function for Options.Observe that logs every event. A nil logger
// means [slog.Default].
func LogEvents(logger *slog.Logger) func(context.Context, Event) { return middleware.LogEvents(logger) }

// Observers returns a function for Options.Observe that calls each given function.
func Observers(observers ...func(context.Context, Event)) func(context.Context, Event) {
	return middleware.Observers(observers...)
}

// ParseID returns the ID with the given text, as ID.String spells it. Its error is an
// [ErrNotFound], for handlers of forms: no session has such a name.
func ParseID(text string) (ID, error) { return session.ParseID(text) }

// Status returns the HTTP status for an error of a session.
func Status(err error) int { return middleware.Status(err) }

// DefaultErrorHandler is the default of Options.ErrorHandler. It answers with the
// [Status] of the error.
func DefaultErrorHandler(w http.ResponseWriter, r *http.Request, err error) {
	middleware.DefaultErrorHandler(w, r, err)
}

// HeaderTransport carries the token in a header instead of a cookie, for API
// clients.
func HeaderTransport(name string) Transport { return middleware.HeaderTransport(name) }

// CookieOrHeader carries the token in the header if the request has it, else in
// the cookie.
func CookieOrHeader(name string) Transport { return middleware.CookieOrHeader(name) }
