package linear

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// What a history is made of.
const (
	minClients, maxClients = 3, 5
	requests               = 6 // of one client
	families               = 2
)

var owners = []string{"ada", "bob"}

// A World is one store and what its clients know in common: the tokens.
type World struct {
	clock atomic.Int64

	mu      sync.Mutex
	names   map[session.ID]Name
	tokens  [families][]session.Token
	history []porcupine.Operation
}

// NewWorld returns a World whose sessions are in store.
func NewWorld(ctx context.Context, store Store, policy *session.Policy) (*World, error) {
	w := &World{names: make(map[session.ID]Name)}
	for f := range families {
		s := session.New[Log](store, policy)
		s.Update(func(l *Log) { l.Owner = owners[f] })
		if err := s.Commit(ctx); err != nil {
			return nil, err
		}
		token, _ := s.Token()
		in, call := Input{Kind: Begin, Family: f}, w.clock.Add(1)
		w.record(0, in, Output{Answer: Done, Name: w.learn(f, token), Owner: owners[f]}, call)
	}
	return w, nil
}

// learn makes a token known to all clients, and returns its name.
func (w *World) learn(family int, token session.Token) Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, known := w.names[token.ID()]
	if !known {
		name = Name(len(w.names))
		w.names[token.ID()] = name
		w.tokens[family] = append(w.tokens[family], token)
	}
	return name
}

// A Client makes requests, one after the other.
type Client struct {
	ID      int
	World   *World
	Store   Store
	Policy  *session.Policy
	Timeout time.Duration // of a request; zero if it may take as long as it takes
	Rand    *rand.Rand
}

// Run makes all requests of the client.
func (c *Client) Run(ctx context.Context) error {
	for n := range requests {
		in, token := c.choose(byte(c.ID*requests + n))
		call := c.World.clock.Add(1)
		out, err := c.inTime(ctx, in, token)
		if err != nil {
			return fmt.Errorf("%+v: %w", in, err)
		}
		c.World.record(c.ID, in, out, call)
	}
	return nil
}

// inTime is do with the client's timeout.
func (c *Client) inTime(ctx context.Context, in Input, token session.Token) (Output, error) {
	if c.Timeout > 0 {
		short, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		ctx = short
	}
	return c.do(ctx, in, token)
}

// record adds to the history a request that began at call and is over now.
func (w *World) record(client int, in Input, out Output, call int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: w.clock.Add(1)})
}

// History returns all requests, in the order in which they ended. What a failed
// request sent may be on its way still when the client has given up: it has no end.
func (w *World) History() []porcupine.Operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, op := range w.history {
		if op.Output.(Output).Answer == Unknown {
			w.history[i].Return = w.clock.Add(1)
		}
	}
	for i, op := range w.history {
		if in := op.Input.(Input); in.Kind == LogIn {
			in.Revoked = slices.ContainsFunc(w.history, func(other porcupine.Operation) bool {
				revocation := other.Input.(Input)
				return revocation.Kind == Revoke && revocation.Owner == in.Owner && other.Call < op.Return && op.Call < other.Return
			})
			w.history[i].Input = in
		}
	}
	return slices.Clone(w.history)
}

// choose returns a random request. It prefers the tokens that were handed out last.
func (c *Client) choose(number byte) (Input, session.Token) {
	kinds := []Kind{Read, Update, Update, Update, Renew, LogIn, LogOut, Revoke}
	in := Input{
		Kind:   kinds[c.Rand.IntN(len(kinds))],
		Family: c.Rand.IntN(families),
		Number: number,
		Owner:  owners[c.Rand.IntN(len(owners))],
	}
	if (in.Kind == LogOut || in.Kind == Revoke) && c.Rand.IntN(3) > 0 {
		in.Kind = Read // or sessions would not live long
	}
	c.World.mu.Lock()
	defer c.World.mu.Unlock()
	known := c.World.tokens[in.Family]
	token := known[len(known)-1-c.Rand.IntN(min(2, len(known)))]
	in.Name = c.World.names[token.ID()]
	return in, token
}

// do makes a request and returns what the client gets to know.
func (c *Client) do(ctx context.Context, in Input, token session.Token) (Output, error) {
	if in.Kind == Revoke {
		m, err := middleware.New(session.Store[Log](c.Store), &middleware.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return Output{}, err
		}
		_, err = m.RevokeAll(ctx, in.Owner)
		return answer(err)
	}
	s, err := session.Load(ctx, c.Store, c.Policy, token)
	if err != nil {
		return answer(err)
	}
	if s.IsNew() && !s.Gone() {
		return Output{Answer: Absent}, nil
	}
	c.handle(s, in)
	if err := s.Commit(ctx); err != nil {
		return answer(err)
	}
	if s.Gone() {
		return c.gone(in)
	}
	if in.Kind == LogOut {
		return Output{Answer: Done}, nil
	}
	return c.seen(s, in), nil
}

// handle is the application's part of a request.
func (c *Client) handle(s *session.Session[Log], in Input) {
	switch in.Kind {
	case Renew:
		s.Renew()
	case LogOut:
		s.Destroy()
	}
	if in.Kind == Update || in.Kind == Renew || in.Kind == LogIn {
		s.Update(func(l *Log) {
			l.Notes = append(l.Notes, in.Number)
			if in.Kind == LogIn {
				l.Owner = in.Owner
			}
		})
	}
}

// gone is the answer to a request whose commit had nothing to say and whose
// session turned out to be gone: one that only read, when it came to touch it.
func (c *Client) gone(in Input) (Output, error) {
	if in.Kind == Read {
		return Output{Answer: Gone}, nil
	}
	return Output{}, errors.New("a change to a session that is gone was accepted")
}

func (c *Client) seen(s *session.Session[Log], in Input) Output {
	token, _ := s.Token()
	v := s.Value()
	return Output{Answer: Done, Name: c.World.learn(in.Family, token), Owner: v.Owner, Notes: string(v.Notes)}
}

// answer returns the output of a request that ended with err.
func answer(err error) (Output, error) {
	switch {
	case err == nil:
		return Output{Answer: Done}, nil
	case errors.Is(err, session.ErrGone):
		return Output{Answer: Gone}, nil
	case errors.Is(err, session.ErrConflict):
		return Output{Answer: Refused}, nil
	case errors.Is(err, session.ErrUnavailable):
		return Output{Answer: Unknown}, nil
	}
	return Output{}, err
}
