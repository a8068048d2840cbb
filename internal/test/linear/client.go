package linear

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
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
	kinds := []Kind{Read, Read, Update, Update, Update, Remember, Renew, ChangeOwner, LogIn, LogIn, LogOut, Revoke}
	in := Input{
		Kind:     kinds[c.Rand.IntN(len(kinds))],
		Number:   number,
		Owner:    owners[c.Rand.IntN(len(owners))],
		Remember: c.Rand.IntN(2) == 0,
		Rotates:  c.Policy.RotateEvery > 0,
	}
	if (in.Kind == LogOut || in.Kind == Revoke) && c.Rand.IntN(3) > 0 {
		in.Kind = Read // or sessions would not live long
	}
	c.World.mu.Lock()
	defer c.World.mu.Unlock()
	in.Session = c.Rand.IntN(len(c.World.tokens))
	known := c.World.tokens[in.Session]
	token := known[len(known)-1-c.Rand.IntN(min(3, len(known)))]
	in.Name = c.World.names[token.Reveal()]
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
	ctx = context.WithValue(ctx, lastEvent{}, &last)
	s, err := session.Load(ctx, c.Store, c.Policy, token, time.Time{})
	if err != nil {
		return c.recordError(in, err, call)
	}
	r := &request{Client: c, s: s, in: in, call: call, loads: call}
	if s.IsNew() && !s.Gone() && in.Kind != LogIn {
		c.World.record(c.ID, in, Output{Answer: Absent}, call)
		return nil
	}
	c.handle(s, in)
	edited := c.editDuringCommit(s, in)
	err = s.Commit(ctx)
	next, made := edited()
	if in.Kind == LogOut {
		return r.finishLogOut(ctx, err, next, made)
	}
	if !made && errors.Is(err, session.ErrUnavailable) && c.Timeout == 0 && c.Rand.IntN(2) == 0 {
		r.in.Retried = true
		err = s.Commit(ctx)
	}
	if err != nil {
		return errors.Join(c.recordError(r.in, err, call), r.discard(ctx))
	}
	stored := s.Value()
	if made { // the value has the edit already
		stored.Notes = bytes.TrimSuffix(stored.Notes, []byte{next.Number})
		stored.Owner = last.Owner
	}
	if next.Session, next.Name, err = r.recordSuccess(stored); !made || err != nil {
		return err
	}
	next.Issued = next.Name != in.Name
	r.in, r.call = next, c.World.clock.Add(1)
	if err := s.Commit(ctx); err != nil {
		return errors.Join(c.recordError(next, err, r.call), r.discard(ctx))
	}
	_, _, err = r.recordSuccess(s.Value())
	return err
}

// handle is the application's part of a request.
func (c *Client) handle(s *session.Session[Log], in Input) {
	note := func(l *Log) { l.Notes = append(l.Notes, in.Number) }
	noteOwner := func(l *Log) { note(l); l.Owner = in.Owner }
	switch in.Kind {
	case Update:
		s.Update(note)
	case Remember:
		s.Remember(in.Remember)
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
// the middle of the next commit, after one of its calls to the store: the edit waits
// for the end of the commit. The returned function waits for the edit. It returns the
// edit, as a request that the commit after that carries out, and whether it was made.
func (c *Client) editDuringCommit(s *session.Session[Log], in Input) (edited func() (Input, bool)) {
	in.Kind = []Kind{Update, LogIn}[c.Rand.IntN(2)]
	in.Number += second
	var edits sync.WaitGroup
	made := false
	if c.Rand.IntN(2) == 0 {
		c.Store.wait = c.Rand.IntN(3)
		c.Store.during = func() {
			made = true
			edits.Go(func() { c.handle(s, in) })
		}
	}
	return func() (Input, bool) {
		c.Store.during = nil
		edits.Wait()
		return in, made
	}
}

// lastEvent is the key of a context for the request's last event.
type lastEvent struct{}

// noteEvent is for the policies of clients.
func noteEvent(ctx context.Context, e session.Event) {
	if last, ok := ctx.Value(lastEvent{}).(*session.Event); ok {
		*last = e
	}
}

// A request is one whose session was loaded.
type request struct {
	*Client
	s  *session.Session[Log]
	in Input

	call, loads int64 // when it began, and when the session was loaded
}

// discard drops the changes of a request that failed, as a handler's error page does.
// The following commit must not store them. It is recorded as a request that reads.
func (r *request) discard(ctx context.Context) error {
	r.s.Discard()
	if _, err := answer(r.s.Commit(ctx)); err != nil || r.s.IsNew() && !r.s.Gone() {
		return err
	}
	r.in.Kind, r.in.Retried, r.call = Discard, false, r.loads
	_, _, err := r.recordSuccess(r.s.Value())
	return err
}

// finishLogOut records a log-out, which a further commit completes if it failed, and
// the session that an edit after it has begun.
func (r *request) finishLogOut(ctx context.Context, err error, edit Input, made bool) error {
	if err != nil {
		r.in.Retried = true
		r.s.Discard()
		return r.recordError(r.in, r.s.Commit(ctx), r.call)
	}
	r.World.record(r.ID, r.in, Output{Answer: Done}, r.call)
	if !made {
		return nil
	}
	if err := r.s.Commit(ctx); err != nil {
		_, err := answer(err)
		return err
	}
	token, ok := r.s.Token()
	if !ok {
		return errors.New("an edit after the log-out is lost")
	}
	r.World.begin(r.ID, token, Log{Owner: r.s.Value().Owner, Notes: []byte{edit.Number}}, r.call)
	return nil
}

// recordSuccess records a request that was done, with the stored value. It returns the
// session and the name of its token after it.
func (r *request) recordSuccess(stored Log) (number int, name Name, err error) {
	w, in := r.World, r.in
	out := Output{Answer: Done, Owner: stored.Owner, Notes: string(stored.Notes), Blind: in.Retried}
	token, ok := r.s.Token()
	switch {
	case r.s.Gone() && (in.Kind == Read || in.Kind == Discard):
		w.record(r.ID, in, Output{Answer: Gone}, r.call)
		return in.Session, in.Name, nil
	case !ok && !in.Retried:
		return 0, 0, errors.New("a change of a session that is gone was accepted")
	case !ok: // done by the first attempt, and the token was ended since
		w.record(r.ID, in, out, r.call)
		return in.Session, 0, nil
	}
	if number, ok := w.session(token); ok {
		if number != in.Session {
			return 0, 0, errors.New("another client's session was reached")
		}
		out.Name = w.learn(number, token)
		w.record(r.ID, in, out, r.call)
		return number, out.Name, nil
	}
	if in.Kind != LogIn {
		return 0, 0, errors.New("a new session was begun")
	}
	out.Answer, out.Blind = Began, false
	if in.Retried { // the first attempt may have been done, and the session ended since
		w.record(r.ID, in, Output{Answer: Unknown}, r.call)
		in.Retried = false
	}
	w.record(r.ID, in, out, r.call)
	number, name = w.begin(r.ID, token, stored, r.call)
	return number, name, nil
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
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrTimeout):
		return Unknown, nil
	case errors.Is(err, session.ErrConflict):
		return Refused, nil
	}
	return Unknown, err
}

func (c *Client) revoke(ctx context.Context, owner string) error {
	m, err := middleware.New(session.Store[Log](c.Store), &middleware.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = m.RevokeAll(ctx, owner, "")
	return err
}
