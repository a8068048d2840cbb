package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Reason is why a session has ended, or the token of a request. Applications may use
// reasons of their own: short names for the program, not texts for visitors.
type Reason string

// The reasons that this module gives.
const (
	ReasonLoggedOut   Reason = "logged_out"    // by [Session.Destroy]
	ReasonRevoked     Reason = "revoked"       // by its owner, from another session
	ReasonOperator    Reason = "operator"      // by an operator
	ReasonMaxPerOwner Reason = "max_per_owner" // by a log-in beyond [Policy.MaxPerOwner]
	ReasonReused      Reason = "reused"        // by [Policy.EndOnReuse]
	ReasonRenewed     Reason = "renewed"       // the token alone: another request has renewed the session
	ReasonDeadline    Reason = "deadline"      // its absolute end has come, or was set to a time that has passed
	ReasonIdle        Reason = "idle"          // it was not used for its idle timeout
	ReasonExpired     Reason = "expired"       // the store has nothing of it: most likely it timed out
)

// Reasons returns the reasons that this module gives. Metrics count all others as one.
func Reasons() []Reason { return slices.Clone(reasons[:]) }

var reasons = [...]Reason{
	ReasonLoggedOut, ReasonRevoked, ReasonOperator, ReasonMaxPerOwner, ReasonReused, ReasonRenewed, ReasonDeadline, ReasonIdle, ReasonExpired,
}

// maxReason is how many bytes of a reason are kept.
const maxReason = 64

// cut returns the reason, cut to its greatest length.
func (r Reason) cut() Reason {
	if len(r) <= maxReason {
		return r
	}
	n := maxReason
	for n > 0 && !utf8.RuneStart(r[n]) {
		n--
	}
	return Reason(strings.Clone(string(r[:n])))
}

// An Ending says how a session ended. The zero Ending means that it has not.
type Ending struct {
	Reason Reason
	At     time.Time // zero if it is not known
}

// Ended returns how the session ended that the request came with, or its token, for
// the page that asks the visitor to log in again. It returns the zero Ending if the
// session lives, if the request came with no token, and without [Policy.KeepEnded].
//
// Ended asks the store, twice at most. It gives the reason only for a token that gave
// access to the session and that no log-in has ended. For all other tokens, even
// invented tokens, the reason is [ReasonExpired]. The same reason stands for a session
// that timed out, that ended longer ago than KeepEnded, or that the store gave up, and
// for an end during which the process failed. [EventExpired] reports it.
//
// Its error is [ErrUnavailable].
func (s *Session[T]) Ended(ctx context.Context) (Ending, error) {
	s.mu.Lock()
	token, over := s.came, !s.came.IsZero() && (!s.presented || s.gone)
	s.mu.Unlock()
	if !over || s.policy.KeepEnded <= 0 {
		return Ending{}, nil
	}
	ctx, stop := s.policy.bound(ctx)
	defer stop()
	h := token.hash()
	rec, err := look(ctx, s.store, token.ID())
	if err == nil {
		if e, known := rec.Secrets.ending(h); known {
			return e, nil
		}
	}
	if !errors.Is(err, ErrUnavailable) {
		rec, err = look(ctx, s.store, endedID(token.ID()))
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		return Ending{}, err
	case err == nil && rec.Secrets.find(h) >= 0:
		return Ending{Reason(rec.Secrets.term(reasonTerm)), rec.Created}, nil
	}
	s.policy.observe(ctx, Event{Kind: EventExpired, ID: token.ID(), Reason: ReasonExpired})
	return Ending{Reason: ReasonExpired}, nil
}

// TimedOut returns the event of a session whose time has come, for a [Reaper]: whether it
// idled out or has reached its deadline. It reports false if the record is a note. It
// needs the record's ID, owner, times and secrets.
func TimedOut[T any](rec *Record[T]) (_ Event, ok bool) {
	why := ReasonIdle
	if !rec.Deadline.IsZero() && !rec.Expires.Before(rec.Deadline) {
		why = ReasonDeadline
	}
	return Event{Kind: EventExpired, ID: rec.ID, Owner: rec.Owner, Reason: why}, !rec.IsNote()
}

// ending returns how a secret ended in a session that lives, and whether the session
// knows the secret.
func (s Secrets) ending(h hash) (_ Ending, known bool) {
	i := s.find(h)
	if i < 0 {
		return Ending{}, false
	}
	if e := s.at(i); e.kind == ended || e.passed(now()) {
		return Ending{ReasonRenewed, time.UnixMilli(e.until).UTC().Add(-renewalGrace)}, true
	}
	return Ending{}, true
}

func endedID(id ID) ID { return noteID("ended", string(id[:])) }

// noteEnd notes why a session has ended, for [Session.Ended]. The session is absent
// already: whether the note is kept changes nothing else, so that a failure is not
// reported. The first note about a session stays.
func noteEnd[T any](ctx context.Context, store Store[T], p *Policy, rec *Record[T], why Reason) {
	if p.KeepEnded <= 0 || rec.Secrets.IsZero() || why == "" {
		return
	}
	at := now()
	until := at.Add(max(p.KeepEnded, time.Millisecond)).Truncate(time.Millisecond)
	note := Record[T]{
		ID: endedID(rec.ID), Secrets: rec.Secrets.note(why, until),
		Created: at, Renewed: at, Deadline: until, Expires: until,
	}
	_ = store.Save(ctx, &note)
}

// note returns the secrets of the note about a session's end: all that gave access to
// it, marked as ended. It leaves out secrets that a log-in has ended: an attacker may
// have planted them.
func (s Secrets) note(why Reason, until time.Time) Secrets {
	var list []secret
	for _, e := range s.list() {
		if e.kind != ended {
			list = append(list, secret{ended, until.UnixMilli(), e.hash})
		}
	}
	return pack(s.Renewals(), list, "").with(reasonTerm, string(why.cut()))
}
