package middleware

import (
	"context"
	"sync"
	"time"
)

// A saveContext is the context for a commit: it has the values of a request's
// context and its deadline, and ends after a timeout, but not when the client
// disconnects. Unlike one of package context, it looks at the clock and starts a
// timer only when asked, so that a store that answers at once does not pay.
type saveContext struct {
	request context.Context
	timeout time.Duration

	mu       sync.Mutex
	deadline time.Time
	done     chan struct{}
	timer    *time.Timer
}

func (c *saveContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end(), true
}

func (c *saveContext) end() time.Time {
	if c.deadline.IsZero() {
		c.deadline = time.Now().Add(c.timeout)
		if own, ok := c.request.Deadline(); ok && own.Before(c.deadline) {
			c.deadline = own
		}
	}
	return c.deadline
}

func (c *saveContext) Value(key any) any { return context.WithoutCancel(c.request).Value(key) }

func (c *saveContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		done := make(chan struct{})
		c.done = done
		c.timer = time.AfterFunc(time.Until(c.end()), func() { close(done) })
	}
	return c.done
}

func (c *saveContext) Err() error {
	if end, _ := c.Deadline(); time.Now().Before(end) {
		return nil
	}
	return context.DeadlineExceeded
}

// asked reports whether anybody looked when the context ends.
func (c *saveContext) asked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero()
}

// stop ends the timer, if there is one, when the commit is over.
func (c *saveContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}
