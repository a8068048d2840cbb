package storetest_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

var errLine = errors.New("connection reset by peer")

// A line is between a store and its server. It can lose one command.
type line struct {
	mu   sync.Mutex
	loss *storetest.Loss
}

func (l *line) arm(loss storetest.Loss) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss = &loss
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		lost := l.loss == nil
		l.loss = nil
		return lost
	}
}

// next returns the loss of this command, nil if none.
func (l *line) next() *storetest.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	loss := l.loss
	if loss == nil {
		return nil
	}
	if loss.After--; loss.After >= 0 {
		return nil
	}
	l.loss = nil
	return loss
}

// send carries out a command. A loss is errLine.
func (l *line) send(command func() error) error {
	loss := l.next()
	if loss == nil {
		return command()
	}
	if !loss.Unsent {
		command()
	}
	loss.Meanwhile()
	return errLine
}

// The test of a store on a server says how a command is lost: by a line of its own, as
// here, by a driver around the driver of a database, or by a proxy.
func ExampleLoss() {
	_ = func(t *testing.T, newStore func(*line) session.Store[storetest.Profile]) {
		l := new(line)
		storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] { return newStore(l) }, &storetest.Options{
			Lose: func(_ *testing.T, _ session.Store[storetest.Profile], loss storetest.Loss) func() bool {
				return l.arm(loss)
			},
		})
	}
	// Output:
}
