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
)

// A Session is one visitor's state, held as a value of type T.
//
// Reading and changing a Session does no I/O: changes take effect when the
// session is committed, all of them or none. The middleware commits before the
// first byte of the response; [Session.Commit] does it at once.
//
// All methods are safe for concurrent use, and no lock is held while the store
// works. A Session is never reused: code that outlives its request may keep it.
type Session[T any] struct {
	store  Store[T]
	policy *Policy
	plan   deep.Plan[T]

	committing gate // held by a commit; entered before editing
	editing    gate // held while edits run; entered before mu

	mu        sync.Mutex    // guards the fields below; held for moments
	state[T]                // what commits have stored
	draft     *draft[T]     // the changes since the last commit; nil if there are none
	inflight  *draft[T]     // the changes that are being committed
	provision *provision[T] // the last commit in a transaction whose end is not known yet; nil if there is none
	late      bool          // the client can no longer be told of a new token

	first Record[T] // base until the first commit, in one allocation with the session
}

// A state is a session's without its changes.
type state[T any] struct {
	token     Token       // zero while there is none to hand out
	base      *Record[T]  // as loaded or saved; never written to. Its Revision is zero while the session is new
	storedAt  time.Time   // when base was last known to be stored
	touchedAt time.Time   // when a touch last failed
	renewal   *renewal[T] // of base, begun by a commit that does not know whether it is complete
	ending    []ending[T] // destroyed, and still to be deleted
	gone      bool        // ended elsewhere: cannot be saved
	cached    bool        // base was a copy when it was loaded, and may be out of date
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

// Load returns the session that the token gives access to.
//
// If the session is absent, expired or unreadable, Load returns a new one, which
// will have another token: an unknown token is never adopted. If the session was
// renewed, Load returns an empty session that is [Session.Gone]. The error is
// [ErrUnavailable]: it is unknown whether there is such a session.
//
// If the store is a [CachedLoader], the session may be as it was a moment ago.
// [Session.Commit] makes its changes on the present one.
func Load[T any](ctx context.Context, store Store[T], policy *Policy, token Token) (*Session[T], error) {
	s := New(store, policy)
	start, id := s.policy.clock(), token.ID()
	s.storedAt = now()
	rec, err := s.loadFirst(ctx, id)
	switch {
	case err == nil:
		s.first, s.token = rec, token
	case errors.Is(err, ErrGone):
		s.first.ID, s.gone = id, true
	}
	kind := loadKind(err)
	if kind != "" {
		e := Event{Kind: kind, Operation: OperationLoad, ID: id, Owner: s.first.Owner, Err: err}
		s.policy.observe(ctx, e.since(start))
	}
	if kind == EventFailed {
		return nil, err
	}
	return s, nil
}

// loadFirst returns the record to begin with, which may be a copy.
func (s *Session[T]) loadFirst(ctx context.Context, id ID) (rec Record[T], err error) {
	near, ok := s.store.(CachedLoader[T])
	if !ok {
		return load(ctx, s.store, id)
	}
	rec, s.cached, err = near.LoadCached(ctx, id)
	return rec, checkLoaded(&rec, err)
}

// load returns a stored record. Its error is one that this package defines.
func load[T any](ctx context.Context, store Store[T], id ID) (Record[T], error) {
	rec, err := store.Load(ctx, id)
	return rec, checkLoaded(&rec, err)
}

// checkLoaded returns the outcome of loading as an error that this package defines.
func checkLoaded[T any](rec *Record[T], err error) error {
	_, unreadable := errors.AsType[*DecodeError](err)
	switch {
	case err == nil && !rec.Deadline.IsZero() && !now().Before(rec.Deadline):
		err = ErrNotFound // a store may leave the deadline to its own clock
	case err == nil, ended(err), errors.Is(err, ErrUnavailable), unreadable && !errors.Is(err, ErrNewer):
	default:
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// loadKind returns the kind of event for a load that ended with err; none if the
// session was absent.
func loadKind(err error) EventKind {
	switch {
	case err == nil:
		return EventLoaded
	case errors.Is(err, ErrNotFound):
		return ""
	case errors.Is(err, ErrGone):
		return EventGone
	case errors.Is(err, ErrUnavailable):
		return EventFailed
	}
	return EventUndecodable
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

// current returns the value with the changes made so far, which is never written
// to. The caller holds mu.
func (s *Session[T]) current() *T {
	switch in := s.inflight; {
	case s.draft != nil && s.draft.value != nil:
		return s.draft.value
	case in != nil && in.value != nil && !in.dropped && !in.destroyed:
		return in.value
	case s.renewal != nil && s.renewal.draft != nil && s.renewal.draft.value != nil:
		return s.renewal.draft.value
	}
	return &s.base.Value
}

// ID returns the session's public name, which is safe to log. It changes when
// the session is renewed. A new session has the zero ID.
func (s *Session[T]) ID() ID { return s.record().ID }

// IsNew reports whether the session is not stored yet.
func (s *Session[T]) IsNew() bool { return s.record().Revision == 0 }

// Gone reports whether another request destroyed, renewed or revoked the
// session. Only a log-in can then be saved.
func (s *Session[T]) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// Created returns when the session was first stored. It is the zero time while
// the session is new.
func (s *Session[T]) Created() time.Time { return s.record().Created }

// Renewed returns when the session got its present token, for actions that need
// a recent log-in. It is the zero time while the session is new.
func (s *Session[T]) Renewed() time.Time { return s.record().Renewed }

// Expires returns when the session ends unless it is used again. It is the zero
// time while the session is new.
func (s *Session[T]) Expires() time.Time { return s.record().Expires }

// Deadline returns the absolute end of the session. It is the zero time while the
// session is new.
func (s *Session[T]) Deadline() time.Time { return s.record().Deadline }

// Persistent reports whether the session, as last committed, outlives the browser.
func (s *Session[T]) Persistent() bool { return s.record().Persist }

// Modified reports whether there is something to commit.
func (s *Session[T]) Modified() bool {
	s.mu.Lock()
	unsettled := len(s.ending) > 0 || s.inflight != nil || s.provision != nil || s.renewal != nil && s.renewal.draft != nil
	c := s.view()
	draft := *c.draft // which others may change when mu is free
	c.draft = &draft
	s.mu.Unlock()
	what, err := c.decide(now())
	return unsettled || err != nil || what > touch
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
	if s.renewal != nil {
		return s.renewal.rec
	}
	return s.base
}

// touchDue reports whether the idle end is worth moving. After a failure it is
// not tried again at once. The caller holds mu.
func (s *Session[T]) touchDue() bool {
	p := s.policy
	return !p.recentlyTouched(s.base.Revision, s.base.Expires, s.base.Deadline, s.base.Persist) &&
		(s.touchedAt.IsZero() || now().Sub(s.touchedAt) >= cmp.Or(p.idle(s.base.Persist), DefaultIdleTimeout)/touchShare)
}

// Format writes the session's type and nothing of its value, whatever the verb.
func (s *Session[T]) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "session.Session[%v]", reflect.TypeFor[T]())
}
