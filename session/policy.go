package session

import (
	"cmp"
	"context"
	"time"
)

// The durations of a zero [Policy].
const (
	DefaultLifetime         = 24 * time.Hour
	DefaultIdleTimeout      = time.Hour
	DefaultRememberLifetime = 14 * 24 * time.Hour
	DefaultSaveTimeout      = 5 * time.Second
)

// touchShare is the share of the idle timeout after which a commit of a session
// that was only read moves its idle end.
const touchShare = 16

// A Policy sets how long sessions live and which functions observe them. The zero
// Policy is the default. A Policy must not be changed after its first use, and belongs to
// one store.
//
// The options of package middleware have the same fields and document them.
type Policy struct {
	Lifetime    time.Duration // zero means [DefaultLifetime]
	IdleTimeout time.Duration // zero means [DefaultIdleTimeout], a negative value no limit
	MaxPerOwner int           // zero means any number; the store must be an [Indexer]
	AtMax       AtMax         // who yields then; zero means the oldest session
	Remember    Remember      // the times of remembered sessions
	SaveTimeout time.Duration // bounds each commit; zero means [DefaultSaveTimeout]

	// RotateEvery is how long a secret lives before the use of a logged-in session
	// replaces it, at least a minute. Zero means for life. EndOnReuse ends a session
	// when a former secret is used after its grace.
	RotateEvery time.Duration
	EndOnReuse  bool

	// KeepEnded is how long the store notes why a session has ended, for
	// [Session.Ended]. Zero keeps nothing.
	KeepEnded time.Duration

	// DeviceLife is how long a secret lives of a session that is bound to a device: only
	// the device's key renews it. Afterwards it is accepted for thirty seconds, for
	// requests on their way. Zero binds no sessions. Without DeviceFallBack, a session
	// that was bound ends after DeviceLife if the browser does not bind it again after a
	// log-in. With DeviceRememberedOnly, only remembered sessions are bound, and those that
	// were bound before a log-in: a bound one outlives the browser, as its key does.
	DeviceLife           time.Duration
	DeviceFallBack       bool
	DeviceRememberedOnly bool

	// Observe, if not nil, gets every event. Report, if not nil, gets the events of
	// trouble: see [EventKind.Trouble].
	Observe, Report func(context.Context, Event)
}

// Remember sets how long remembered sessions live: see [Session.Remember]. The zero
// Remember is the default.
type Remember struct {
	// Lifetime is the absolute timeout of a remembered session. Zero means two weeks, or
	// the lifetime of other sessions if that is longer.
	Lifetime time.Duration

	// IdleTimeout is how long a remembered session lives without use. Zero means as
	// long as its Lifetime.
	IdleTimeout time.Duration

	// All makes new sessions remembered ones, until [Session.Remember] says otherwise.
	All bool
}

// recentlyTouched reports whether a record's idle end is about where a use at this time
// would put it. An end that another clock or configuration has put far ahead is not: it
// is moved back.
func recentlyTouched[T any](p *Policy, rec *Record[T], at time.Time) bool {
	end := expires(p, rec, at)
	off := end.Sub(rec.Expires).Abs()
	return end.IsZero() || off == 0 || off < idleTimeout(p, rec)/touchShare
}

func (p *Policy) observe(ctx context.Context, e Event) {
	if p.Observe != nil {
		p.Observe(ctx, e)
	}
	if p.Report != nil && e.Kind.Trouble() {
		p.Report(ctx, e)
	}
}

// clock returns the time if events need it.
func (p *Policy) clock() (start time.Time) {
	if p.Observe != nil {
		start = time.Now()
	}
	return start
}

// lifetime returns the absolute timeout of a session.
func (p *Policy) lifetime(remembered bool) time.Duration {
	ordinary := cmp.Or(p.Lifetime, DefaultLifetime)
	if !remembered {
		return ordinary
	}
	return cmp.Or(p.Remember.Lifetime, max(DefaultRememberLifetime, ordinary))
}

// idleTimeout returns the idle timeout of a session, its own or the policy's, or zero if
// there is none.
func idleTimeout[T any](p *Policy, rec *Record[T]) time.Duration {
	if idle, own := rec.Secrets.idle(); own {
		return idle
	}
	return p.idle(rec.Remembered)
}

// idle returns the default idle timeout, or zero if there is none.
func (p *Policy) idle(remembered bool) time.Duration {
	switch {
	case remembered:
		return p.Remember.IdleTimeout
	case p.IdleTimeout == 0:
		return DefaultIdleTimeout
	case p.IdleTimeout < 0:
		return 0
	}
	return p.IdleTimeout
}

// LastUsed returns when a record's session was last used, as far as is known: it was used
// then, and perhaps later. The idle end tells, so the precision is that with which a use
// moves it: a sixteenth of the idle timeout. In the last idle timeout before the deadline
// it is worse, since the idle end is the deadline then. A session without an idle timeout
// has no other uses that are known than its creation, its last token and its log-in. When
// the policy gets another idle timeout, the times of earlier uses are wrong by the
// difference.
func LastUsed[T any](p *Policy, rec *Record[T]) time.Time {
	last := rec.Created
	for _, at := range [...]time.Time{rec.Renewed, rec.LoggedIn} {
		if at.After(last) {
			last = at
		}
	}
	if idle := idleTimeout(p, rec); idle > 0 {
		if at := rec.Expires.Add(-idle); at.After(last) {
			last = at
		}
	}
	if now := now(); last.After(now) {
		last = now
	}
	return last
}

// expires returns when a session that is used now expires unless it is used again.
func expires[T any](p *Policy, rec *Record[T], now time.Time) time.Time {
	if idle := idleTimeout(p, rec); idle > 0 && (rec.Deadline.IsZero() || now.Add(idle).Before(rec.Deadline)) {
		return now.Add(idle)
	}
	return rec.Deadline
}

// now returns the time in the precision of records.
func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()).UTC() }
