package linear

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/seed48429006/sessions/session"
)

var owners = []string{"ada", "bob"}

// A World is the state that the clients of one store share: the tokens and the
// history.
type World struct {
	clock atomic.Int64

	mu      sync.Mutex
	names   map[string]Name   // of the texts of tokens
	tokens  [][]session.Token // of each session
	history []porcupine.Operation
}

// NewWorld returns a World with a session of each owner in store.
func NewWorld(ctx context.Context, store Store, policy *session.Policy) (*World, error) {
	w := &World{names: make(map[string]Name)}
	for _, owner := range owners {
		call, s := w.clock.Add(1), session.New[Log](store, policy)
		s.Update(func(l *Log) { l.Owner = owner })
		if err := s.Commit(ctx); err != nil {
			return nil, err
		}
		token, _ := s.Token()
		w.begin(0, token, Log{Owner: owner}, call)
	}
	return w, nil
}

// begin records the begin of a session with its first token and its stored value.
func (w *World) begin(client int, token session.Token, stored Log, call int64) (number int, name Name) {
	w.mu.Lock()
	number = len(w.tokens)
	w.tokens = append(w.tokens, nil)
	name = w.keep(number, token)
	w.mu.Unlock()
	w.record(client, Input{Kind: Begin, Session: number}, Output{Answer: Done, Name: name, Owner: stored.Owner, Notes: string(stored.Notes)}, call)
	return number, name
}

// learn makes a token known to all clients, and returns its name.
func (w *World) learn(number int, token session.Token) Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keep(number, token)
}

// keep is learn for a caller who holds mu.
func (w *World) keep(number int, token session.Token) Name {
	name, known := w.names[token.Reveal()]
	if !known {
		name = Name(len(w.names) + 1)
		w.names[token.Reveal()] = name
		w.tokens[number] = append(w.tokens[number], token)
	}
	return name
}

// session returns the number of the token's session, if a client knows it.
func (w *World) session(token session.Token) (number int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number = slices.IndexFunc(w.tokens, func(known []session.Token) bool { return known[0].ID() == token.ID() })
	return number, number >= 0
}

// record adds to the history a request that began at call and is over now.
func (w *World) record(client int, in Input, out Output, call int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: w.clock.Add(1)})
}

// History returns all requests, in the order in which they ended. A request whose
// outcome is unknown has no end, since its commands may still be on their way.
func (w *World) History() []porcupine.Operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, op := range w.history {
		if op.Output.(Output).Answer == Unknown {
			w.history[i].Return = w.clock.Add(1)
		}
	}
	return slices.Clone(w.history)
}
