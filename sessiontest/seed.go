package sessiontest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
)

// Seed stores a session with the value v and returns its token, for the cookie of a
// request. The session was created just now and has the default lifetimes. Its owner
// is v's SessionOwner, if v has that method. [Store.Calls] does not contain the call,
// and no fault, delay or hook applies to it.
func (s *Store[T]) Seed(v T) session.Token {
	s.tb.Helper()
	return s.SeedRecord(session.Record[T]{Value: v})
}

// SeedRecord is [Store.Seed] for a session whose owner or times matter, or whether it is remembered.
// Zero fields of rec get the values that Seed would set. The ID, the revision
// and the secrets of rec are ignored.
func (s *Store[T]) SeedRecord(rec session.Record[T]) session.Token {
	s.tb.Helper()
	token, err := s.TrySeed(rec)
	if err != nil {
		s.tb.Fatal(err)
	}
	return token
}

// TrySeed is [Store.SeedRecord] for code without a test. It returns an error if the
// session has expired already.
func (s *Store[T]) TrySeed(rec session.Record[T]) (session.Token, error) {
	token, now := session.NewToken(session.NewID()), time.Now()
	rec.ID, rec.Revision, rec.Secrets = token.ID(), 0, session.NewSecrets(token)
	rec.Value = *copyOf(&rec.Value) // the caller may change its own later
	rec.Owner = cmp.Or(rec.Owner, ownerOf(&rec.Value))
	rec.Created = millis(rec.Created, now)
	rec.Renewed = millis(rec.Renewed, rec.Created)
	if rec.Owner != "" {
		rec.LoggedIn = millis(rec.LoggedIn, rec.Renewed)
	}
	rec.Deadline = millis(rec.Deadline, rec.Created.Add(session.DefaultLifetime))
	rec.Expires = millis(rec.Expires, now.Add(session.DefaultIdleTimeout))
	if rec.Expires.After(rec.Deadline) {
		rec.Expires = rec.Deadline
	}
	if err := s.mem.Save(context.Background(), &rec); err != nil {
		return session.Token{}, fmt.Errorf("sessiontest: a session that expires at %v cannot be stored: %w", rec.Expires, err)
	}
	return token, nil
}

// ownerOf returns the owner that *v names, if it has a SessionOwner method.
func ownerOf[T any](v *T) string {
	if o, ok := any(v).(interface{ SessionOwner() string }); ok {
		return o.SessionOwner()
	}
	return ""
}

// millis returns at, or otherwise if that is zero, in the precision of records.
func millis(at, otherwise time.Time) time.Time {
	if at.IsZero() {
		at = otherwise
	}
	return at.UTC().Truncate(time.Millisecond)
}

func copyOf[T any](v *T) *T { return deep.Of[T]().Copy(v) }
