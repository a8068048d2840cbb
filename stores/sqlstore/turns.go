package sqlstore

import (
	"context"
	"time"
)

// Turns let the writes to SQLite of one program go one after another. SQLite lets one
// write at a time and makes the others sleep for milliseconds before they try again.
// Nil turns let all go at once.
type turns chan struct{}

// maxTurn is how long a write waits for its turn. Then it goes too: the one before it
// may be waiting for another program.
const maxTurn = time.Second

func newTurns() turns { return make(turns, 1) }

// take waits for a turn, and reports whether end must be called.
func (t turns) take(ctx context.Context) bool {
	if t == nil {
		return false
	}
	select {
	case t <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(maxTurn)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (t turns) end() { <-t }
