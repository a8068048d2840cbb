package linear

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

const (
	minClients, maxClients = 3, 5
	requests               = 6 // of one client

	// second is added to a request's number for its edit during the commit.
	second = 64
)

// A Client makes requests, one after the other.
type Client struct {
	ID      int
	World   *World
	Store   *paced
	Policy  *session.Policy
	Timeout time.Duration // of a request; zero means none
	Rand    *rand.Rand
	LogIn   func(s *session.Session[Log], edit func(*Log))
}

// Run makes all requests of the client.
func (c *Client) Run(ctx context.Context) error {
	for n := range requests {
		in, token := c.choose(byte(c.ID*requests + n))
		if err := c.request(ctx, in, token); err != nil {
			return fmt.Errorf("%+v: %w", in, err)
		}
	}
	return nil
}

// choose returns a random request. It prefers the latest tokens.
func (c *Client) choose(number byte) (Input, session.Token) {
	kinds := []Kind{Read, Update, Update, Update, Renew, ChangeOwner, LogIn, LogOut, Revoke}
	in := Input{
		Kind:   kinds[c.Rand.IntN(len(kinds))],
		Number: number,
		Owner:  owners[c.Rand.IntN(len(owners))],
	}
	if (in.Kind == LogOut || in.Kind == Revoke) && c.Rand.IntN(3) > 0 {
		in.Kind = Read // or sessions would not live long
	}
	c.World.mu.Lock()
	defer c.World.mu.Unlock()
	in.Lineage = c.Rand.IntN(len(c.World.lineages))
	known := c.World.lineages[in.Lineage]
	token := known[len(known)-1-c.Rand.IntN(min(2, len(known)))]
	in.Name = c.World.names[token.ID()]
	return in, token
}

// request makes a request within the client's timeout, and records it.
func (c *Client) request(ctx context.Context, in Input, token session.Token) error {
	if c.Timeout > 0 {
		short, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		ctx = short
	}
	call := c.World.clock.Add(1)
	if in.Kind == Revoke {
		return c.recordError(in, c.revoke(ctx, in.Owner), call)
	}
	var last session.Event
	policy := *c.Policy
	policy.Observe = func(_ context.Context, e session.Event) { last = e }
	s, err := session.Load(ctx, c.Store, &policy, token)
	if err != nil {
		return c.recordError(in, err, call)
	}
	if s.IsNew() && !s.Gone() && in.Kind != LogIn {
		c.World.record(c.ID, in, Output{Answer: Absent}, call)
		return nil
	}
	c.handle(s, in)
	edited := c.editDuringCommit(s, in)
	err = s.Commit(ctx)
	next, made := edited()
	switch {
	case err != nil:
		return errors.Join(c.recordError(in, err, call), c.discard(ctx, s))
	case in.Kind == LogOut:
		c.World.record(c.ID, in, Output{Answer: Done}, call)
		if !made {
			return nil
		}
		return c.beginAfterLogOut(ctx, s, next, call)
	}
	stored := s.Value()
	if made { // the value has the edit already
		stored.Owner = last.Owner
		stored.Notes = bytes.TrimSuffix(stored.Notes, []byte{next.Number})
	}
	next.Lineage, next.Name, err = c.recordSuccess(s, in, stored, last.Kind, call)
	if !made || err != nil {
		return err
	}
	call = c.World.clock.Add(1)
	if err := s.Commit(ctx); err != nil {
		return errors.Join(c.recordError(next, err, call), c.discard(ctx, s))
	}
	_, _, err = c.recordSuccess(s, next, s.Value(), last.Kind, call)
	return err
}

// handle is the application's part of a request.
func (c *Client) handle(s *session.Session[Log], in Input) {
	note := func(l *Log) { l.Notes = append(l.Notes, in.Number) }
	noteOwner := func(l *Log) { note(l); l.Owner = in.Owner }
	switch in.Kind {
	case Update:
		s.Update(note)
	case Renew:
		s.Renew()
		s.Update(note)
	case ChangeOwner:
		s.Update(noteOwner)
	case LogIn:
		c.LogIn(s, noteOwner)
	case LogOut:
		s.Destroy()
	}
}

// editDuringCommit lets another goroutine of half the requests edit the session in
// the middle of the next commit, after one of its calls to the store. The returned
// function ends that. It returns the edit, as a request that the commit after that
// carries out, and whether it was made.
func (c *Client) editDuringCommit(s *session.Session[Log], in Input) (edited func() (Input, bool)) {
	in.Kind = []Kind{Update, LogIn}[c.Rand.IntN(2)]
	in.Number += second
	done, discard := false, c.Rand.IntN(4) == 0
	if c.Rand.IntN(2) == 0 {
		c.Store.wait = c.Rand.IntN(3)
		c.Store.during = func() {
			done = true
			if discard {
				s.Discard() // the commit goes on
			}
			c.handle(s, in)
		}
	}
	return func() (Input, bool) {
		c.Store.during = nil
		return in, done
	}
}

// discard drops the changes of a request that failed, as a handler's error page
// does. The following commit must not store them.
func (c *Client) discard(ctx context.Context, s *session.Session[Log]) error {
	s.Discard()
	_, err := answer(s.Commit(ctx))
	return err
}

// beginAfterLogOut records the session that an edit after a log-out has begun.
func (c *Client) beginAfterLogOut(ctx context.Context, s *session.Session[Log], edit Input, call int64) error {
	if err := s.Commit(ctx); err != nil {
		return c.discard(ctx, s)
	}
	if s.IsNew() {
		return errors.New("an edit after the log-out is lost")
	}
	c.World.begin(c.ID, s, Log{Owner: s.Value().Owner, Notes: []byte{edit.Number}}, call)
	return nil
}

// recordSuccess records a request that was done, with the stored value and the last
// event. It returns the lineage and the name of the session after it.
func (c *Client) recordSuccess(s *session.Session[Log], in Input, stored Log, last session.EventKind, call int64) (int, Name, error) {
	out := Output{Done, in.Name, stored.Owner, string(stored.Notes)}
	switch {
	case s.Gone() && in.Kind != Read: // reading finds an ended session by its touch
		return 0, 0, errors.New("a change of a session that is gone was accepted")
	case s.Gone():
		c.World.record(c.ID, in, Output{Answer: Gone}, call)
		return in.Lineage, in.Name, nil
	case last == session.EventCreated && in.Kind != LogIn:
		return 0, 0, errors.New("a new session was begun")
	case last == session.EventCreated:
		out.Answer = Began
		c.World.record(c.ID, in, out, call)
		lineage, name := c.World.begin(c.ID, s, stored, call)
		return lineage, name, nil
	}
	token, _ := s.Token()
	out.Name = c.World.learn(in.Lineage, token)
	c.World.record(c.ID, in, out, call)
	return in.Lineage, out.Name, nil
}

func (c *Client) recordError(in Input, err error, call int64) error {
	got, err := answer(err)
	c.World.record(c.ID, in, Output{Answer: got}, call)
	return err
}

// answer returns the outcome of a request that ended with err. It returns an error
// that a request must not end with.
func answer(err error) (Answer, error) {
	switch {
	case err == nil:
		return Done, nil
	case errors.Is(err, session.ErrGone):
		return Gone, nil
	case errors.Is(err, session.ErrConflict):
		return Refused, nil
	case errors.Is(err, session.ErrUnavailable):
		return Unknown, nil
	}
	return Unknown, err
}

func (c *Client) revoke(ctx context.Context, owner string) error {
	m, err := middleware.New(session.Store[Log](c.Store), &middleware.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = m.RevokeAll(ctx, owner)
	return err
}
