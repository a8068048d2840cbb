package session

import (
	"context"
	"time"
)

// What a zero [Policy] means.
const (
	DefaultLifetime    = 24 * time.Hour
	DefaultIdleTimeout = time.Hour
)

// touchShare is the share of the idle timeout after which a session that is only
// read has its expiry moved.
const touchShare = 16

// A Policy says how long sessions live and who hears what happens to them.
// The zero Policy is the default. A Policy in use must not be changed.
type Policy struct {
	// Lifetime is how long a session lives at most, however much it is used
	// (OWASP: absolute timeout). Zero means [DefaultLifetime].
	Lifetime time.Duration

	// IdleTimeout is how long a session lives unused. Zero means
	// [DefaultIdleTimeout], a negative value that there is no such limit.
	IdleTimeout time.Duration

	// MaxPerOwner is how many sessions one owner may have. One more, and the
	// oldest is ended. Zero means any number. The store must be an [Indexer].
	MaxPerOwner int

	// BrowserSession makes new sessions end with the browser, until
	// [Session.Persist] says otherwise.
	BrowserSession bool

	// Observe, if not nil, is called with everything that happens to a session,
	// by the goroutine that makes it happen. It must be safe for concurrent use
	// and should be quick.
	Observe func(context.Context, Event)

	// Report is like Observe, for trouble only: see [EventKind.Trouble].
	// Without Observe, it costs nothing while there is none.
	Report func(context.Context, Event)
}

// fresh reports whether the idle end of a record need not be moved: it is where
// a use would put it, give or take a share of the timeout. Where another node's
// clock or another configuration has put it far ahead, it is moved back.
func (p *Policy) fresh(rev Revision, expires, deadline time.Time) bool {
	idle := p.idle()
	return rev == 0 || idle == 0 ||
		p.expires(now(), deadline).Sub(expires).Abs() < idle/touchShare
}

func (p *Policy) observe(ctx context.Context, e Event) {
	if p.Observe != nil {
		p.Observe(ctx, e)
	}
	if p.Report != nil && e.Kind.Trouble() {
		p.Report(ctx, e)
	}
}

// clock returns the time if somebody wants to know how long things take.
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

// expires returns when a session used at now expires if it is not used again.
func (p *Policy) expires(now, deadline time.Time) time.Time {
	if idle := p.idle(); idle > 0 && now.Add(idle).Before(deadline) {
		return now.Add(idle)
	}
	return deadline
}

// now returns the time as records keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
