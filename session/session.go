package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/hooks"
)

// A Session is one visitor's state, held as a value of type T.
//
// Reading and changing a Session does no I/O: changes take effect when the
// session is committed, all of them or none. The middleware commits before the
// first byte of the response; [Session.Commit] does it at once.
//
// All methods are safe for concurrent use. Methods that change a session wait while
// it is being committed; methods that read it do not. A Session is never reused: code
// that outlives its request may keep it.
type Session[T any] struct {
	store     Store[T]
	policy    *Policy
	plan      deep.Plan[T]
	arrived   time.Time // when the request did
	came      Token     // with the request; zero without one
	presented bool      // by the client was a token that gave access
	unread    bool      // the record of the client's token cannot be read
	offers    hooks.Offers

	outside func(*Record[T]) bool // the condition of an edit without a token; else nil

	gate gate // held by each change and each commit; entered before mu

	mu        sync.Mutex  // guards the fields below; held for moments
	state[T]              // written to within the gate only
	joined    *joining[T] // commits in a transaction that has not ended; nil without one
	late      bool        // the client can no longer be told of a new token
	passive   bool        // this request does not use the session
	abandoned bool        // the draft is dropped when the gate is free

	first Record[T] // base until the first commit, in one allocation with the session
}

// A state is the last confirmed state in the store, and the work that is still to be
// done. A commit works on a copy and installs it at its end.
type state[T any] struct {
	base      *Record[T]    // as loaded or saved; never written to. Its Revision is zero while the session is new
	token     Token         // which the client presented, or this request issued; zero while there is none
	kind      kind          // of the token's secret in base
	gone      bool          // another request has ended the session or its token
	copied    bool          // base was a copy, and may be out of date
	news      hooks.News    // to tell the client
	offer     string        // the challenge by which the browser may bind the session; empty without one
	failed    time.Time     // when upkeep last failed
	destroyed *destroyed[T] // still to be deleted; nil without one
	draft     *draft[T]     // the changes since the last commit; nil without any
}

// New returns a new, empty session. It has no token, and it is stored when a
// commit finds it changed. A nil policy is the zero [Policy].
func New[T any](store Store[T], policy *Policy) *Session[T] {
	if policy == nil {
		policy = new(Policy)
	}
	s := &Session[T]{store: store, policy: policy, plan: deep.Of[T]()}
	s.base = &s.first
	return s
}

// Load returns the session that the token gives access to. The token's time is
// compared with the arrival of the request; the zero time means now.
//
// If the session is absent, expired or unreadable, or if it has no such secret, Load
// returns a new one, which will have another token: an unknown token is never adopted.
// If another request has ended the token by a log-in a moment ago, Load returns an
// empty session that is [Session.Gone]. The error is [ErrUnavailable]: it is unknown
// whether there is such a session.
//
// If the store is an [Opener], the session may be as it was a moment ago.
// [Session.Commit] makes its changes on the present one.
func Load[T any](ctx context.Context, store Store[T], policy *Policy, token Token, arrived time.Time) (*Session[T], error) {
	s := New(store, policy)
	if s.arrived = arrived; arrived.IsZero() {
		s.arrived = now()
	}
	s.came = token
	e := Event{Kind: EventLoaded, Operation: OperationLoad, ID: token.ID()}
	start := s.policy.clock()
	h := token.hash()
	rec, copied, err := s.open(ctx, e.ID, h)
	how := unknown
	if err == nil {
		how, s.kind = rec.Secrets.classify(h, s.arrived)
	}
	switch e.Owner, e.Err = rec.Owner, err; {
	case how == accepted:
		s.first, s.token, s.presented, s.copied = rec, token, true, copied
	case how == gone:
		s.first.ID, s.token, s.gone = e.ID, token, true
		e.Kind, e.Err = EventGone, ErrGone
	case err == nil && s.kind == 0, errors.Is(err, ErrNotFound):
		e.Kind = ""
	case err == nil:
		e.Kind = EventReused
	case errors.Is(err, ErrUnavailable):
		e.Kind = EventFailed
	default:
		e.Kind, s.unread = EventUndecodable, true
	}
	if e.Kind != "" {
		s.policy.observe(ctx, e.since(start))
	}
	if e.Kind == EventReused && s.policy.EndOnReuse {
		s.endReused(ctx, e.ID, h)
	}
	if e.Kind == EventFailed {
		return nil, err
	}
	return s, nil
}

// open returns the record to begin with, without its value if it does not accept the
// secret.
func (s *Session[T]) open(ctx context.Context, id ID, h hash) (rec Record[T], copied bool, err error) {
	opener, ok := s.store.(Opener[T])
	if !ok {
		rec, err = load(ctx, s.store, id)
	} else {
		rec, copied, err = opener.Open(ctx, id, func(secrets Secrets) bool {
			how, _ := secrets.classify(h, s.arrived)
			return how == accepted
		})
		err = checkLoaded(&rec, err)
	}
	if err == nil && rec.IsNote() {
		err = ErrNotFound
	}
	return rec, copied, err
}

// load returns a stored record. Its error is one that this package defines.
func load[T any](ctx context.Context, store Store[T], id ID) (Record[T], error) {
	rec, err := store.Load(ctx, id)
	return rec, checkLoaded(&rec, err)
}

// look is load for code that does not need the value: a record that the store cannot
// decode can still be ended.
func look[T any](ctx context.Context, store Store[T], id ID) (Record[T], error) {
	if o, ok := store.(Outliner[T]); ok {
		rec, err := o.Outline(ctx, id)
		return rec, checkLoaded(&rec, err)
	}
	opener, ok := store.(Opener[T])
	if !ok {
		return load(ctx, store, id)
	}
	rec, _, err := opener.Open(ctx, id, func(Secrets) bool { return false })
	return rec, checkLoaded(&rec, err)
}

// checkLoaded returns the outcome of loading as an error that this package defines.
func checkLoaded[T any](rec *Record[T], err error) error {
	_, unreadable := errors.AsType[*DecodeError](err)
	switch {
	case err == nil && !rec.Deadline.IsZero() && !now().Before(rec.Deadline):
		err = ErrNotFound // a store may leave the deadline to its own clock
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrUnavailable), unreadable && !errors.Is(err, ErrNewer):
	default:
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// Check reports everything in T that a session cannot keep, all of it at once,
// each with the path of its field: channels, functions, interfaces, unexported
// fields. Fields tagged `msgpack:"-"` or `json:"-"` are exempt. It also reports a
// method SessionOwner that does not return a string.
func Check[T any]() error {
	errs := append(deep.Check[T](), checkOwner[T]()...)
	for i, err := range errs {
		errs[i] = fmt.Errorf("session: %w", err)
	}
	return errors.Join(errs...)
}

// Value returns a copy of the session's value, with the changes made so far.
// Changes to the copy are not saved.
func (s *Session[T]) Value() T {
	s.mu.Lock()
	value := s.current()
	s.mu.Unlock()
	return s.plan.Value(value)
}

// current returns the value with the changes made so far, which is never written to.
func (s *state[T]) current() *T {
	if s.draft != nil && s.draft.value != nil {
		return s.draft.value
	}
	return &s.base.Value
}

// ID returns the session's public name, which is safe to log. It stays the same for
// the session's life. A new session has the zero ID.
func (s *Session[T]) ID() ID { return s.record().ID }

// IsNew reports whether the session is not stored yet.
func (s *Session[T]) IsNew() bool { return s.record().Revision == 0 }

// Gone reports whether another request has ended the session, or has ended its token by
// a log-in. Only a log-in can then be saved.
func (s *Session[T]) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// Created returns when the session was first stored. It is the zero time while
// the session is new.
func (s *Session[T]) Created() time.Time { return s.record().Created }

// Renewed returns when the session last got a new token. It is the zero time while
// the session is new. [Session.LoggedIn] serves actions that need a recent log-in.
func (s *Session[T]) Renewed() time.Time { return s.record().Renewed }

// LoggedIn returns when the visitor last logged in, by [Session.LogIn] or by a change
// of the owner, for actions that need a recent log-in. It is the zero time before a
// log-in and after a change to no owner.
func (s *Session[T]) LoggedIn() time.Time { return s.record().LoggedIn }

// Expires returns when the session ends unless it is used again. It is the zero
// time while the session is new.
func (s *Session[T]) Expires() time.Time { return s.record().Expires }

// Deadline returns the absolute end of the session. It is the zero time while the
// session is new.
func (s *Session[T]) Deadline() time.Time { return s.record().Deadline }

// IdleTimeout returns how long the session lives without use. Zero means that it has no
// idle timeout.
func (s *Session[T]) IdleTimeout() time.Duration { return idleTimeout(s.policy, s.record()) }

// Remembered reports whether the session, as last committed, is a remembered one: see
// [Session.Remember].
func (s *Session[T]) Remembered() bool { return s.record().Remembered }

// Modified reports whether there is something to commit.
func (s *Session[T]) Modified() bool {
	s.mu.Lock()
	c := s.snapshot()
	d := draft[T]{}
	if c.draft != nil {
		d = *c.draft // which others may change when mu is free
		c.draft = &d
	}
	unsettled := c.destroyed != nil || d.lost != nil || s.joined != nil
	s.mu.Unlock()
	if unsettled {
		return true
	}
	what, err := c.decide(now())
	return err != nil || what == reload || what > tend // the stored value shows whether it is a change
}

// Changes returns the paths of the fields that differ from the stored value, in
// the order of their declaration: "Items", "Address.City". If T is not a struct,
// the path is ".".
func (s *Session[T]) Changes() []string {
	s.mu.Lock()
	base, value := s.base, s.current()
	s.mu.Unlock()
	return s.plan.Changes(&base.Value, value)
}

func (s *Session[T]) record() *Record[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// Token returns the secret that gives access to the session, and whether there
// is one. A new or destroyed session has none, and neither has one that is gone.
// Token is for transports.
func (s *Session[T]) Token() (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.base.Revision == 0 {
		return Token{}, false
	}
	return s.token, !s.token.IsZero()
}

// upkeepDue reports the work that is due without a change: settling or rotating the
// secrets, or a later idle end. After a failure it is not tried again at once.
func (c *commit[T]) upkeepDue(at time.Time) action {
	p, rec := c.s.policy, c.base
	idle := cmp.Or(idleTimeout(p, rec), DefaultIdleTimeout)
	switch {
	case rec.Revision == 0, c.gone, c.passive, !c.failed.IsZero() && at.Sub(c.failed) < idle/touchShare:
		return leave
	case c.attempts == 0 && (c.settleDue() || c.rotateDue(at) || c.offerDue(at)): // else another request was first
		return tend
	case !recentlyTouched(p, rec, at):
		return touch
	}
	return leave
}

// Format writes the session's type and nothing of its value, for any verb.
func (s *Session[T]) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "session.Session[%v]", reflect.TypeFor[T]())
}
