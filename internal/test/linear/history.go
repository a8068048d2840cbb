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

	mu       sync.Mutex
	names    map[session.ID]Name
	lineages [][]session.Token
	history  []porcupine.Operation
}

// NewWorld returns a World with a session of each owner in store.
func NewWorld(ctx context.Context, store Store, policy *session.Policy) (*World, error) {
	w := &World{names: make(map[session.ID]Name)}
	for _, owner := range owners {
		call, s := w.clock.Add(1), session.New[Log](store, policy)
		s.Update(func(l *Log) { l.Owner = owner })
		if err := s.Commit(ctx); err != nil {
			return nil, err
		}
		w.begin(0, s, Log{Owner: owner}, call)
	}
	return w, nil
}

// begin records the begin of a lineage: a session and its stored value.
func (w *World) begin(client int, s *session.Session[Log], stored Log, call int64) (lineage int, name Name) {
	token, _ := s.Token()
	w.mu.Lock()
	lineage = len(w.lineages)
	w.lineages = append(w.lineages, nil)
	w.mu.Unlock()
	name = w.learn(lineage, token)
	w.record(client, Input{Kind: Begin, Lineage: lineage, Owner: stored.Owner}, Output{Done, name, stored.Owner, string(stored.Notes)}, call)
	return lineage, name
}

// learn makes a token known to all clients, and returns its name.
func (w *World) learn(lineage int, token session.Token) Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, known := w.names[token.ID()]
	if !known {
		name = Name(len(w.names))
		w.names[token.ID()] = name
		w.lineages[lineage] = append(w.lineages[lineage], token)
	}
	return name
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
	for i, op := range w.history {
		if in := op.Input.(Input); in.Kind == LogIn || in.Kind == ChangeOwner || in.Kind == Begin {
			in.Revoked = slices.ContainsFunc(w.history, func(other porcupine.Operation) bool {
				revocation := other.Input.(Input)
				return revocation.Kind == Revoke && revocation.Owner == in.Owner && other.Call < op.Return && op.Call < other.Return
			})
			w.history[i].Input = in
		}
	}
	return slices.Clone(w.history)
}
