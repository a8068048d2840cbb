package session

import (
	"context"
	"errors"
	"fmt"
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
// All methods are safe for concurrent use, and none holds a lock while the
// store is at work. A Session is never reused: code that outlives its request
// may hold on to it.
type Session[T any] struct {
	store  Store[T]
	policy *Policy
	plan   deep.Plan[T]

	editing sync.Mutex // held while edits run, which may take long; before mu

	mu      sync.Mutex // guards what follows; held for moments
	token   Token      // zero while there is none to hand out
	base    *Record[T] // as loaded or saved; never written. Revision is zero while the session is new
	seen    time.Time  // when base was loaded or saved
	value   *T         // base.Value with the edits; never written
	pending pending[T]
	doomed  *Record[T] // destroyed, and to be deleted at commit; nil if none is
	epoch   int        // counts what drops edits: an edit that was running then is dropped too
	ends    int        // counts Destroy
	unsure  bool       // the last commit failed so that it is not known what is stored
	gone    bool       // ended elsewhere: cannot be saved
	late    bool       // the client cannot be told of a new token any more

	first      Record[T] // base until the first commit, in one piece with the session
	committing bool
	committed  chan struct{} // closed when the commit that is under way ends; nil if nobody waits
}

// pending is what the next commit is asked to do.
type pending[T any] struct {
	edits    []func(*T)
	err      error // why one of the edits cannot be stored
	renew    bool
	destroy  bool // a session that is gone: it was ended, but not by this Destroy
	persist  *bool
	deadline *time.Time
}

// New returns a new, empty session. It has no token, and the store hears of it
// only if it is changed. A nil policy is the zero [Policy].
func New[T any](store Store[T], policy *Policy) *Session[T] {
	s := blank(store, policy)
	s.rest(&s.first, Token{})
	return s
}

func blank[T any](store Store[T], policy *Policy) *Session[T] {
	if policy == nil {
		policy = new(Policy)
	}
	return &Session[T]{store: store, policy: policy, plan: deep.Of[T]()}
}

// rest makes rec what the session stands at, with nothing to commit.
func (s *Session[T]) rest(rec *Record[T], token Token) {
	s.base, s.value, s.token, s.pending = rec, &rec.Value, token, pending[T]{}
}

// idle reports whether nothing was asked of the session since its last commit.
// The caller holds mu.
func (s *Session[T]) idle() bool {
	p := &s.pending
	return s.value == &s.base.Value && s.doomed == nil && p.edits == nil && p.err == nil &&
		!p.renew && !p.destroy && p.persist == nil && p.deadline == nil
}

// Load returns the session that the token gives access to.
//
// A session that is absent, expired or unreadable gives a new one, which will
// have another token: an unknown token is never adopted. One that was renewed
// gives an empty session that cannot be saved. An error means that it is not
// known which: [ErrUnavailable].
func Load[T any](ctx context.Context, store Store[T], policy *Policy, token Token) (*Session[T], error) {
	s := blank(store, policy)
	start, id := s.policy.clock(), token.ID()
	s.seen = now()
	rec, err := store.Load(ctx, id)
	if err == nil && !rec.Deadline.IsZero() && !now().Before(rec.Deadline) {
		err = ErrNotFound // a store may leave the deadline to its own clock
	}
	if err == nil {
		s.first = rec
		s.rest(&s.first, token)
	} else {
		s.rest(&s.first, Token{})
		s.gone = errors.Is(err, ErrGone)
	}
	kind := loadKind(err)
	if kind != "" && (err != nil || s.policy.Observe != nil) {
		if err = StoreError(err); errors.Is(err, ErrNewer) {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		s.policy.observe(ctx, Event{Kind: kind, ID: id, Owner: s.base.Owner, Duration: s.policy.since(start), Err: err})
	}
	if kind == EventFailed {
		return nil, err
	}
	return s, nil
}

// loadKind returns what a load that ended with err amounts to; nothing, if the
// session was not there.
func loadKind(err error) EventKind {
	_, unreadable := errors.AsType[*DecodeError](err)
	switch {
	case err == nil:
		return EventLoaded
	case errors.Is(err, ErrNotFound):
		return ""
	case errors.Is(err, ErrGone):
		return EventGone
	case errors.Is(err, ErrNewer):
		return EventFailed
	case unreadable:
		return EventUndecodable
	}
	return EventFailed
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
// The caller may do with it what it likes; nothing of that is saved.
func (s *Session[T]) Value() T { return *s.plan.Copy(s.current()) }

// ID returns the session's public handle, which is safe to log. It survives
// updates and changes on renewal. A new session has the zero ID.
func (s *Session[T]) ID() ID { return s.record().ID }

// IsNew reports whether the session is not in the store yet.
func (s *Session[T]) IsNew() bool { return s.record().Revision == 0 }

// Gone reports whether the session was found to be destroyed, renewed or revoked
// elsewhere. Changes to it cannot be saved.
func (s *Session[T]) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// Created returns when the session was first stored; the zero time if it is new.
func (s *Session[T]) Created() time.Time { return s.record().Created }

// Renewed returns when the session's token was made: what to ask before an
// action that wants a recent log-in. It is the zero time if the session is new.
func (s *Session[T]) Renewed() time.Time { return s.record().Renewed }

// Expires returns when the session ends if it is not used any more; the zero
// time if it is new.
func (s *Session[T]) Expires() time.Time { return s.record().Expires }

// Deadline returns when the session ends however much it is used; the zero time
// if it is new.
func (s *Session[T]) Deadline() time.Time { return s.record().Deadline }

// Persistent reports whether the session, as last committed, outlives the browser.
func (s *Session[T]) Persistent() bool { return s.record().Persist }

// Token returns the secret that gives access to the session, and whether there
// is one: a new or destroyed session has none. It is for transports; handlers
// have no use for it.
func (s *Session[T]) Token() (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, !s.token.IsZero()
}

// Modified reports whether there is something to commit.
func (s *Session[T]) Modified() bool {
	s.mu.Lock()
	doomed, c := s.doomed, s.snapshot()
	s.mu.Unlock()
	return doomed != nil || c.pending.err != nil || c.gone && c.asked() || c.wanted()
}

// Changes returns the paths of the fields that differ from what was loaded, in
// the order of their declaration: "Items", "Address.City". If T is not a
// struct, it is "." that differs.
func (s *Session[T]) Changes() []string {
	s.mu.Lock()
	base, value := s.base, s.value
	s.mu.Unlock()
	return s.plan.Changes(&base.Value, value)
}

func (s *Session[T]) record() *Record[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

func (s *Session[T]) current() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}
