package middleware

import (
	"context"
	"sync"
	"time"
)

// A deadlineContext is like one from [context.WithDeadline], but starts a timer
// only when somebody waits for it: a store that answers at once does not pay.
type deadlineContext struct {
	context.Context // never done
	deadline        time.Time

	mu    sync.Mutex
	done  chan struct{}
	timer *time.Timer
}

func withDeadline(parent context.Context, deadline time.Time) (ctx context.Context, stop func()) {
	c := &deadlineContext{Context: parent, deadline: deadline}
	return c, c.stop
}

func (c *deadlineContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *deadlineContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		done := make(chan struct{})
		c.done = done
		c.timer = time.AfterFunc(time.Until(c.deadline), func() { close(done) })
	}
	return c.done
}

func (c *deadlineContext) Err() error {
	if time.Now().Before(c.deadline) {
		return nil
	}
	return context.DeadlineExceeded
}

// stop ends the timer. The context stays as it is: nothing outlives a commit.
func (c *deadlineContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}
