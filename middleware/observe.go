package middleware

import (
	"context"
	"log/slog"

	"github.com/seed48429006/sessions/session"
)

// Observers returns a function for [Options.Observe] that calls each given function, in
// their order. Nil functions are left out.
func Observers(observers ...func(context.Context, session.Event)) func(context.Context, session.Event) {
	return func(ctx context.Context, e session.Event) {
		for _, observe := range observers {
			if observe != nil {
				observe(ctx, e)
			}
		}
	}
}

// LogEvents returns a function for [Options.Observe] that logs every event, for
// audits and for debugging. A nil logger means [slog.Default].
//
// Log-ins, log-outs and the like are at level Info: created, renewed, destroyed,
// revoked, expired and refused. Bound, refreshed, gone, reused, rejected, unproven, skipped and
// conflict are at Info too, and the frequent loaded, saved and touched at Debug. Trouble,
// which [Options.Logger] gets as well, is at Debug. The attributes are session, owner,
// log_in for a log-in, reason, changes, attempts, duration, error, and method and route
// of the request, as far as the event has them. The names of owners are logged, and no
// values.
func LogEvents(logger *slog.Logger) func(context.Context, session.Event) {
	return func(ctx context.Context, e session.Event) {
		l := logger
		if l == nil {
			l = slog.Default()
		}
		level := eventLevel(e.Kind)
		if l.Enabled(ctx, level) {
			l.LogAttrs(ctx, level, "session "+string(e.Kind), append(eventAttrs(&e), routeAttrs(ctx)...)...)
		}
	}
}

func eventLevel(kind session.EventKind) slog.Level {
	switch {
	case kind.Trouble(), kind == session.EventLoaded, kind == session.EventSaved, kind == session.EventTouched:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func eventAttrs(e *session.Event) []slog.Attr {
	attrs := make([]slog.Attr, 0, 10)
	if !e.ID.IsZero() {
		attrs = append(attrs, slog.String("session", e.ID.String()))
	}
	if e.Owner != "" {
		attrs = append(attrs, slog.String("owner", e.Owner))
	}
	if e.LogIn {
		attrs = append(attrs, slog.Bool("log_in", true))
	}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(e.Reason)))
	}
	if len(e.Changes) > 0 {
		attrs = append(attrs, slog.Any("changes", e.Changes))
	}
	if e.Attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", e.Attempts))
	}
	if e.Duration > 0 {
		attrs = append(attrs, slog.Duration("duration", e.Duration))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	return attrs
}
