package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// DefaultSaveTimeout is the meaning of a zero [Options.SaveTimeout].
const DefaultSaveTimeout = 5 * time.Second

// DefaultWatchInterval is the meaning of a zero [Options.WatchInterval].
const DefaultWatchInterval = 15 * time.Second

// minSecret is the least length of a secret: HMAC-SHA256 wants a key as long as
// its output (RFC 2104, section 3).
const minSecret = 32

// minRotateEvery is the least [Options.RotateEvery].
const minRotateEvery = time.Minute

// Options configure a [Manager]. The zero Options are the default, and secure.
type Options struct {
	// Lifetime is the absolute timeout of a session, which use does not extend (OWASP
	// Session Management Cheat Sheet). Zero means 24 hours. The longest is 400 days,
	// as for cookies.
	Lifetime time.Duration

	// IdleTimeout is how long a session lives without use. Zero means an hour. A
	// negative value means no limit. To save writes, a use moves the end only if
	// a sixteenth of the timeout has passed since it was last moved.
	IdleTimeout time.Duration

	// Remember sets how long remembered sessions live. There are two kinds of sessions.
	// Ordinary ones end with the browser, and have Lifetime and IdleTimeout. Remembered
	// ones outlive it, and have the times of Remember: two weeks without an idle timeout
	// if it is zero. A session is remembered if the handler of the log-in says so:
	//
	//	login.LogIn(…)
	//	login.Remember(r.PostFormValue("remember") != "")
	//
	// A session that becomes a remembered one begins a lifetime of that kind. Turning
	// "remember me" off never extends a session. A site without log-ins, such as one
	// whose carts stay for a month, makes all sessions remembered ones:
	//
	//	Remember: sessions.Remember{Lifetime: 30 * 24 * time.Hour, All: true}
	Remember session.Remember

	// Passive, if not nil, reports whether a request is no use of its session, as when a
	// page asks again and again by itself. Such a request may read and change the session,
	// but it does not keep it alive: see [session.Session.SetPassive]. Passive is called
	// for each request, before the handler. [Passive] does the same for one handler.
	Passive func(*http.Request) bool

	// MaxPerOwner is how many sessions an owner may have. A log-in beyond that ends the
	// session with the oldest log-in, unless AtMax says otherwise. Zero means any
	// number. T must have a method SessionOwner() string, and the store must be a
	// [session.Indexer].
	MaxPerOwner int

	// RotateEvery bounds how long a stolen token is good for: when a session that has
	// logged in is used, and its token is older, it gets another token. The former
	// token stays good until the client has used the new token, and thirty seconds
	// longer, so that requests at the same time and lost responses cost nothing. A
	// rotation is left out if the response has begun, or beside another change of the
	// session; the next request makes up for it. Zero means that tokens are not
	// rotated, the least is a minute. A rotation is a write: a minute makes most
	// requests of a visitor write.
	RotateEvery time.Duration

	// EndOnReuse ends a session when a former token of it is used after its thirty
	// seconds, which [session.EventReused] reports in any case. It logs out the visitor
	// from whom the token was stolen, and the thief. It also logs out a visitor who
	// restored the browser from a backup. Tokens that a log-in or
	// [session.Session.Renew] has ended are only reported: else a planted token could
	// log the visitor out.
	EndOnReuse bool

	// AtMax says who yields at MaxPerOwner. With [session.RefuseLogIn], a log-in beyond
	// it fails with [session.ErrTooManySessions], and all sessions stay as they are.
	// Handlers of log-ins then call [session.Session.Commit] and answer that error. Of
	// log-ins at once, as many succeed as there is room for, on whichever servers. A
	// server that dies while it stores a log-in keeps its place for SaveTimeout and a
	// minute. Zero means [session.EndOldest].
	AtMax session.AtMax

	// KeepEnded is how long the store keeps a note of each session that was ended, with
	// the reason, so that [Ended] can tell the visitor. An end is then one more write. A
	// few days serve most applications. Zero keeps nothing, and Ended tells nothing.
	KeepEnded time.Duration

	// Secrets sign the cookie, so that a forged one costs no look-up in the store.
	// The first signs, all verify. To change the secret, put the new one first and
	// keep the old one for the longest Lifetime: cookies that it signed are accepted,
	// and are not sent again until the session gets another token. Each secret has at
	// least 32 bytes. Without secrets, cookies are not signed: a token cannot be guessed
	// in any case.
	Secrets [][]byte

	// AcceptUnsigned takes cookies without a signature, too. Set it when Secrets are
	// introduced, for the longest Lifetime, so that all visitors stay logged in. They
	// get a signed cookie with their next token.
	AcceptUnsigned bool

	// Cookie describes the cookie.
	Cookie Cookie

	// CookieFor, if not nil, returns the cookie of a request, made from c, which is
	// Cookie: another Name for each tenant, another Domain for each of several domains.
	//
	//	CookieFor: func(r *http.Request, c sessions.Cookie) sessions.Cookie {
	//		c.Name += "_" + tenantOf(r)
	//		return c
	//	},
	//
	// It is called once for each request, before the handler, and must be quick. The
	// signature covers the cookie's name. So a token is worth nothing in a cookie of
	// another name, and hosts that must not share sessions need a name each. Secrets are
	// therefore needed, AcceptUnsigned and Transport must not be set. A cookie that
	// browsers would refuse makes [Get] fail, and is reported.
	CookieFor func(r *http.Request, c Cookie) Cookie

	// Transport carries the token. Nil means the cookie.
	Transport Transport

	// DeviceBound binds sessions to the visitors' devices. The zero value is off.
	DeviceBound DeviceBound

	// SaveTimeout bounds how long saving the session may take at the end of a
	// request. The save goes on when the client disconnects, and ends at the
	// request's own deadline. Zero means 5 seconds.
	SaveTimeout time.Duration

	// WatchInterval is how often the store is asked whether watched sessions have
	// ended: see [Manager.Watch]. Zero means 15 seconds.
	WatchInterval time.Duration

	// HoldBack is how many bytes of a response's body are held back until the handler
	// returns. Changes of the session after the first byte are then as good as before
	// it: they may need a cookie, and a failure is an error response. A longer
	// response, or a response that the handler flushes, goes out as without HoldBack.
	// The header that is sent is the header of the handler's WriteHeader or first
	// write. HoldBack costs that memory for each request in progress, a copy of the
	// body, and the time until the first byte. Zero holds nothing back.
	HoldBack int

	// ErrorHandler answers a request after its session could not be saved, or could not
	// be loaded for a handler made by [Handle]. The handler's body is not sent, and
	// neither are headers that describe the body or act on it, such as Location.
	// Cookies other than the session's are sent, because they may belong to another
	// manager. ErrorHandler is called once, when the handler has returned. It may ask
	// for the session and read it; its changes are not saved. If it writes nothing, or
	// calls [Fail] itself, DefaultErrorHandler answers. Nil means
	// [DefaultErrorHandler].
	ErrorHandler func(http.ResponseWriter, *http.Request, error)

	// Observe, if not nil, is called with every event, by the goroutine that caused
	// it, when the session is in order again. It must be safe for concurrent use and
	// should be quick.
	Observe func(context.Context, session.Event)

	// Logger gets the events that an operator should see (see
	// [session.EventKind.Trouble]), timeouts, and advice on mistakes in the
	// configuration. It names the method and the route's pattern of the request, or the
	// path if the router sets no pattern. Nil means [slog.Default].
	Logger *slog.Logger

	configured configured
}

// configured is the part of a [Config] that is not the value of an option.
type configured struct {
	names   map[string]string // the operators' names of the options that they have set
	ignored []string          // variables of the environment that look like ours
}

// optionName matches the name of an option in an error.
var optionName = regexp.MustCompile(`[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*`)

// inWords returns an error about options in the names that operators have for them.
func (c *configured) inWords(err error) error {
	if err == nil || len(c.names) == 0 {
		return err
	}
	return errors.New(optionName.ReplaceAllStringFunc(err.Error(), func(name string) string {
		return cmp.Or(c.names[name], name)
	}))
}

// logIgnored tells operators which variables have no effect. Variables of services come
// by themselves.
func (o *Options) logIgnored() {
	names := o.configured.ignored
	if len(names) == 0 {
		return
	}
	level := slog.LevelInfo
	if slices.ContainsFunc(names, func(name string) bool { return !serviceName.MatchString(name) }) {
		level = slog.LevelWarn
	}
	o.logger().Log(context.Background(), level, adviceIgnored, slog.Any("variables", names))
}

// check returns everything that is wrong with the options themselves.
func (o *Options) check() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("sessions: "+format, args...))
		}
	}
	refuse(o.Lifetime < 0, "Lifetime is %v; it must be positive, or zero for 24h", o.Lifetime)
	refuse(o.Lifetime > 0 && o.Lifetime < time.Second, "Lifetime is %v; is a unit missing, such as time.Second?", o.Lifetime)
	refuse(o.Lifetime > maxAge, "Lifetime is %v; browsers keep cookies for 400 days at most", o.Lifetime)
	refuse(o.IdleTimeout > 0 && o.IdleTimeout < time.Second, "IdleTimeout is %v; is a unit missing, such as time.Second?", o.IdleTimeout)
	o.checkRemember(refuse)
	refuse(o.SaveTimeout > 0 && o.SaveTimeout < time.Millisecond, "SaveTimeout is %v; is a unit missing, such as time.Second?", o.SaveTimeout)
	refuse(o.MaxPerOwner < 0, "MaxPerOwner is %d; it must be positive, or zero for no bound", o.MaxPerOwner)
	refuse(o.RotateEvery < 0, "RotateEvery is %v; it must be positive, or zero for no rotation", o.RotateEvery)
	refuse(o.RotateEvery > 0 && o.RotateEvery < minRotateEvery, "RotateEvery is %v; the least is %v, twice the time for which a former token is accepted", o.RotateEvery, minRotateEvery)
	refuse(o.AtMax != session.EndOldest && o.AtMax != session.RefuseLogIn, "AtMax is %d; it must be EndOldest or RefuseLogIn", o.AtMax)
	refuse(o.AtMax != session.EndOldest && o.MaxPerOwner == 0, "AtMax is set; set MaxPerOwner too")
	refuse(o.KeepEnded < 0, "KeepEnded is %v; it must be positive, or zero to keep nothing", o.KeepEnded)
	refuse(o.KeepEnded > 0 && o.KeepEnded < time.Second, "KeepEnded is %v; is a unit missing, such as time.Second?", o.KeepEnded)
	refuse(o.SaveTimeout < 0, "SaveTimeout is %v; it must be positive, or zero for %v", o.SaveTimeout, DefaultSaveTimeout)
	refuse(o.WatchInterval < 0, "WatchInterval is %v; it must be positive, or zero for %v", o.WatchInterval, DefaultWatchInterval)
	refuse(o.WatchInterval > 0 && o.WatchInterval < time.Millisecond, "WatchInterval is %v; is a unit missing, such as time.Second?", o.WatchInterval)
	refuse(o.HoldBack < 0, "HoldBack is %d; it must be positive, or zero to hold nothing back", o.HoldBack)
	for i, secret := range o.Secrets {
		refuse(len(secret) < minSecret, "Secrets[%d] has %d bytes; use at least %d from crypto/rand", i, len(secret), minSecret)
	}
	refuse(o.AcceptUnsigned && len(o.Secrets) == 0, "AcceptUnsigned is set; set Secrets too, or no cookie is signed")
	errs = append(errs, o.Cookie.check(len(o.Secrets) > 0), o.checkCookieFor())
	if o.Transport != nil {
		errs = append(errs, o.Transport.check())
	}
	o.DeviceBound.check(o, refuse)
	return errors.Join(errs...)
}

func (o *Options) checkRemember(refuse func(bad bool, format string, args ...any)) {
	r := o.Remember
	refuse(r.Lifetime < 0, "Remember.Lifetime is %v; it must be positive, or zero for two weeks", r.Lifetime)
	refuse(r.Lifetime > 0 && r.Lifetime < time.Second, "Remember.Lifetime is %v; is a unit missing, such as time.Second?", r.Lifetime)
	refuse(r.Lifetime > maxAge, "Remember.Lifetime is %v; browsers keep cookies for 400 days at most", r.Lifetime)
	refuse(r.IdleTimeout < 0, "Remember.IdleTimeout is %v; it must be positive, or zero for no limit", r.IdleTimeout)
	refuse(r.IdleTimeout > 0 && r.IdleTimeout < time.Second, "Remember.IdleTimeout is %v; is a unit missing, such as time.Second?", r.IdleTimeout)
}

func (o *Options) saveTimeout() time.Duration {
	if o.SaveTimeout == 0 {
		return DefaultSaveTimeout
	}
	return o.SaveTimeout
}

func (o *Options) watchInterval() time.Duration {
	if o.WatchInterval == 0 {
		return DefaultWatchInterval
	}
	return o.WatchInterval
}

func (o *Options) policy() session.Policy {
	return session.Policy{
		Lifetime:    o.Lifetime,
		IdleTimeout: o.IdleTimeout,
		MaxPerOwner: o.MaxPerOwner,
		AtMax:       o.AtMax,
		KeepEnded:   o.KeepEnded,
		Remember:    o.Remember,
		RotateEvery: o.RotateEvery,
		EndOnReuse:  o.EndOnReuse,
		SaveTimeout: o.saveTimeout(),

		DeviceLife:           o.lifeOf(),
		DeviceFallBack:       o.DeviceBound.FallBack,
		DeviceRememberedOnly: o.DeviceBound.RememberedOnly,

		Observe: o.Observe,
		Report:  o.report,
	}
}

func (o *Options) errorHandler() func(http.ResponseWriter, *http.Request, error) {
	if o.ErrorHandler == nil {
		return DefaultErrorHandler
	}
	return o.ErrorHandler
}

func (o *Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// report logs an event that an operator should see.
func (o *Options) report(ctx context.Context, e session.Event) {
	level, text := slog.LevelError, "session "+string(e.Kind)
	switch {
	case e.Kind == session.EventLate:
		level = slog.LevelWarn
		text += ": the change needs a cookie, but the response has begun, the client has gone, or the page is outside Cookie.Path; " +
			"change the session before the first byte, or set Options.HoldBack"
	case e.Kind == session.EventTimeout:
		level = slog.LevelWarn
		text += ": a timeout has ended the request before its changes were saved; they are dropped"
	case ctx.Err() != nil && errors.Is(e.Err, context.Canceled): // the client went away
		level = slog.LevelDebug
	}
	attrs := append(eventAttrs(&session.Event{ID: e.ID, Err: e.Err}), routeAttrs(ctx)...)
	o.logger().LogAttrs(ctx, level, text, attrs...)
}

// Format writes the type's name, for every verb, since Secrets are confidential.
// Package fmt does not call it for options in a field that is not exported.
func (o Options) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.Options")) }

// LogValue returns the type's name.
func (o Options) LogValue() slog.Value { return slog.StringValue("sessions.Options") }
