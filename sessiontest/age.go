package sessiontest

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Age makes all stored sessions older by d, as if they had not been used for that time.
// Sessions that would have ended by then end.
//
// It is for tests that cannot run in a [testing/synctest] bubble, since they use a real
// network or a real browser. In a bubble, time.Sleep is better: it also ages cookies, and
// the application's own times. Age moves the times of records only, not the half minute
// for which a token is recognised after a log-in.
func (s *Store[T]) Age(d time.Duration) {
	ctx, now := context.Background(), time.Now()
	for rec, err := range s.mem.All(ctx) {
		if err != nil {
			continue // a memory store has no such error
		}
		for _, at := range []*time.Time{&rec.Created, &rec.Renewed, &rec.LoggedIn, &rec.Deadline, &rec.Expires} {
			if !at.IsZero() {
				*at = at.Add(-d)
			}
		}
		if rec.Ended(now) {
			s.aged(s.mem.Delete(ctx, rec.ID, rec.Revision))
		} else {
			s.aged(s.mem.Save(ctx, &rec))
		}
	}
}

// aged checks the outcome for a session. A session that a request has changed in between
// is as old as that request.
func (s *Store[T]) aged(err error) {
	if err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrConflict) && s.tb != nil {
		s.tb.Errorf("sessiontest: Age: %v", err)
	}
}
