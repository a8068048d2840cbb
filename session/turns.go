package session

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// turns orders the commits of this process that change the same session, once two of
// them have met. Later commits queue behind them. Otherwise n commits need about n²/2
// attempts, and some are overtaken for ever.
var turns struct {
	open atomic.Int32 // how many there are; commits that meet no other lock nothing
	mu   sync.Mutex
	of   map[turnKey]*turn
}

// A turnKey is a session under one policy. Each manager has a policy of its own.
type turnKey struct {
	policy *Policy
	id     ID
}

type turn struct {
	gate
	key   turnKey
	users int // within the gate and before it; turns.mu guards it
	last  any // the *Record[T] that the commit before has stored, or nil
}

// takeTurn waits until no other commit has the turn. It reports whether the commit has
// taken it now. A commit that has met no other takes a turn only if others have.
//
// A commit in a transaction takes no turn, because a commit that has the turn may wait
// for a lock of the transaction. Nor does a commit within another commit, by a store's
// hook.
func (c *commit[T]) takeTurn(ctx context.Context, id ID, met bool) (bool, error) {
	if c.turn != nil || !met && turns.open.Load() == 0 || TransactionOf(ctx) != nil || held() > 1 {
		return false, nil
	}
	key := turnKey{c.s.policy, id}
	turns.mu.Lock()
	t := turns.of[key]
	switch {
	case t == nil && !met:
		turns.mu.Unlock()
		return false, nil
	case t == nil:
		if turns.of == nil {
			turns.of = map[turnKey]*turn{}
		}
		t = &turn{key: key}
		turns.of[key] = t
		turns.open.Add(1)
	}
	t.users++
	turns.mu.Unlock()
	if err := t.enter(ctx); err != nil {
		t.drop()
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	c.turn = t
	return true, nil
}

// leaveTurn lets the next commit go on, with the record that this commit has stored.
func (c *commit[T]) leaveTurn(err error) {
	if c.turn.last = nil; err == nil && c.base.ID == c.turn.key.id && !c.gone {
		c.turn.last = c.base
	}
	c.turn.leave()
	c.turn.drop()
}

func (t *turn) drop() {
	turns.mu.Lock()
	defer turns.mu.Unlock()
	if t.users--; t.users > 0 {
		return
	}
	delete(turns.of, t.key)
	if turns.open.Add(-1) == 0 {
		turns.of = nil // a map keeps its room
	}
}
