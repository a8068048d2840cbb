package session

import (
	"context"
	"time"
)

// The durations of a zero [Policy].
const (
	DefaultLifetime    = 24 * time.Hour
	DefaultIdleTimeout = time.Hour
)

// touchShare is the share of the idle timeout after which a commit of a session
// that was only read moves its idle end.
const touchShare = 16

// A Policy sets how long sessions live and which functions observe them. The zero
// Policy is the default. A Policy must not be changed after its first use.
type Policy struct {
	// Lifetime is the absolute timeout, which use does not extend (OWASP Session
	// Management Cheat Sheet). Zero means [DefaultLifetime].
	Lifetime time.Duration

	// IdleTimeout is how long a session lives without use. Zero means
	// [DefaultIdleTimeout]. A negative value means no limit.
	IdleTimeout time.Duration

	// MaxPerOwner is how many sessions one owner may have. A session beyond that
	// ends the oldest. Zero means any number. The store must be an [Indexer].
	// A double click on "Log in" makes two sessions; with a bound of one, the
	// browser may keep the token of the one that was ended.
	MaxPerOwner int

	// BrowserSession makes new sessions end with the browser, unless
	// [Session.Persist] is called.
	BrowserSession bool

	// Observe, if not nil, is called with every event, by the goroutine that
	// caused it, when the session is in order again. It must be safe for
	// concurrent use and should be quick.
	Observe func(context.Context, Event)

	// Report is like Observe for the events that an operator should see: those
	// whose kind is [EventKind.Trouble].
	Report func(context.Context, Event)
}

// recentlyTouched reports whether a record's idle end is about where a use now
// would put it. An end that another clock or configuration has put far ahead is
// not: it is moved back.
func (p *Policy) recentlyTouched(rev Revision, expires, deadline time.Time) bool {
	end := p.expires(now(), deadline)
	off := end.Sub(expires).Abs()
	return rev == 0 || end.IsZero() || off == 0 || off < p.idle()/touchShare
}

func (p *Policy) observe(ctx context.Context, e Event) {
	if p.Observe != nil {
		p.Observe(ctx, e)
	}
	if p.Report != nil && e.Kind.Trouble() {
		p.Report(ctx, e)
	}
}

// clock returns the time if events need durations.
func (p *Policy) clock() (start time.Time) {
	if p.Observe != nil {
		start = time.Now()
	}
	return start
}

// since returns the time that has passed since clock returned start.
func (p *Policy) since(start time.Time) time.Duration {
	if start.IsZero() {
		return 0
	}
	return time.Since(start)
}

func (p *Policy) lifetime() time.Duration {
	if p.Lifetime == 0 {
		return DefaultLifetime
	}
	return p.Lifetime
}

// idle returns the idle timeout, or zero if there is none.
func (p *Policy) idle() time.Duration {
	switch {
	case p.IdleTimeout == 0:
		return DefaultIdleTimeout
	case p.IdleTimeout < 0:
		return 0
	}
	return p.IdleTimeout
}

// expires returns when a session that is used now expires unless it is used again.
func (p *Policy) expires(now, deadline time.Time) time.Time {
	if idle := p.idle(); idle > 0 && (deadline.IsZero() || now.Add(idle).Before(deadline)) {
		return now.Add(idle)
	}
	return deadline
}

// now returns the time in the precision of records.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
