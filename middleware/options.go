package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed48429006/sessions/session"
)

// DefaultSaveTimeout is what a zero [Options.SaveTimeout] means.
const DefaultSaveTimeout = 5 * time.Second

// minSecret is the least length of a secret: HMAC-SHA256 wants a key as long as
// its output (RFC 2104, section 3).
const minSecret = 32

// Options configure a [Manager]. The zero Options are the default, and secure.
type Options struct {
	// Lifetime is how long a session lives at most, however much it is used.
	// Zero means 24 hours.
	Lifetime time.Duration

	// IdleTimeout is how long a session lives unused. Zero means an hour, a
	// negative value that there is no such limit. To save writes, the end is
	// moved once a sixteenth of the timeout has passed since it was last moved.
	IdleTimeout time.Duration

	// MaxPerOwner is how many sessions one owner may have; one more, and the
	// oldest is ended. Zero means any number. T must have a method
	// SessionOwner() string, and the store must be a [session.Indexer].
	MaxPerOwner int

	// Secrets sign the cookie, so that a made-up one costs no look-up in the
	// store. The first signs, all verify; a cookie signed by another than the
	// first is accepted and issued anew. Each has at least 32 bytes. No secrets,
	// no signature: a token cannot be guessed in any case.
	Secrets [][]byte

	// Cookie says what the cookie looks like.
	Cookie Cookie

	// Transport carries the token. Nil means the cookie.
	Transport Transport

	// SaveTimeout bounds how long the session may take to be saved at the end
	// of a request. The save does not end when the client goes away; it does
	// end at the request's own deadline. Zero means 5 seconds.
	SaveTimeout time.Duration

	// HoldBack is how many bytes of a response's body are held back until the
	// handler returns. Changes of the session after the first byte are then as
	// good as before it: they may need a cookie, and a failure is an error
	// response. A longer response, and one that the handler flushes, goes out as
	// without HoldBack. It costs that memory for each request in progress, a copy
	// of the body, and the time until the first byte. Zero holds nothing back.
	HoldBack int

	// ErrorHandler answers a request whose session could not be loaded (for
	// handlers made by [Handle]) or saved. Nothing else of the response is sent,
	// but for headers that the handler has set and that do not describe its body,
	// its target or how it may be cached: cookies other than the session's are
	// among them, since they may be another manager's. It may read the session;
	// what it changes is not saved. Nil means [DefaultErrorHandler].
	ErrorHandler func(http.ResponseWriter, *http.Request, error)

	// Observe, if not nil, is called with everything that happens to sessions,
	// by the goroutine that makes it happen. It must be safe for concurrent use
	// and should be quick.
	Observe func(context.Context, session.Event)

	// Logger gets what an operator must see: see [session.EventKind.Trouble].
	// Nil means [slog.Default].
	Logger *slog.Logger
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
	refuse(o.MaxPerOwner < 0, "MaxPerOwner is %d; it must be positive, or zero for no bound", o.MaxPerOwner)
	refuse(o.SaveTimeout < 0, "SaveTimeout is %v; it must be positive, or zero for %v", o.SaveTimeout, DefaultSaveTimeout)
	refuse(o.HoldBack < 0, "HoldBack is %d; it must be positive, or zero to hold nothing back", o.HoldBack)
	for i, secret := range o.Secrets {
		refuse(len(secret) < minSecret, "Secrets[%d] has %d bytes; use at least %d from crypto/rand", i, len(secret), minSecret)
	}
	errs = append(errs, o.Cookie.check(len(o.Secrets) > 0))
	if o.Transport != nil {
		errs = append(errs, o.Transport.check())
	}
	return errors.Join(errs...)
}

func (o *Options) saveTimeout() time.Duration {
	if o.SaveTimeout == 0 {
		return DefaultSaveTimeout
	}
	return o.SaveTimeout
}

func (o *Options) policy() session.Policy {
	return session.Policy{
		Lifetime:       o.Lifetime,
		IdleTimeout:    o.IdleTimeout,
		MaxPerOwner:    o.MaxPerOwner,
		BrowserSession: o.Cookie.BrowserSession,
		Observe:        o.Observe,
		Report:         o.report,
	}
}

// report logs what an operator must see.
func (o *Options) report(ctx context.Context, e session.Event) {
	logger := o.Logger
	if logger == nil {
		logger = slog.Default()
	}
	level := slog.LevelError
	if ctx.Err() != nil && errors.Is(e.Err, context.Canceled) { // the client went away
		level = slog.LevelDebug
	}
	logger.LogAttrs(ctx, level, "session "+string(e.Kind), slog.String("session", e.ID.String()), slog.Any("error", e.Err))
}
