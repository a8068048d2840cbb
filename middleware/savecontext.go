package middleware

import (
	"context"
	"sync"
	"time"
)

// A saveContext is the context for a commit: it has the values of a request's
// context and a deadline, and the client's disconnect does not end it. Unlike
// one from [context.WithDeadline], it starts a timer only when somebody waits
// for it, so that a store that answers at once does not pay.
type saveContext struct {
	request  context.Context
	deadline time.Time

	mu    sync.Mutex
	done  chan struct{}
	timer *time.Timer
}

func (c *saveContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *saveContext) Value(key any) any { return context.WithoutCancel(c.request).Value(key) }

func (c *saveContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		done := make(chan struct{})
		c.done = done
		c.timer = time.AfterFunc(time.Until(c.deadline), func() { close(done) })
	}
	return c.done
}

func (c *saveContext) Err() error {
	if time.Now().Before(c.deadline) {
		return nil
	}
	return context.DeadlineExceeded
}

// stop ends the timer, if there is one, when the commit is over.
func (c *saveContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}
