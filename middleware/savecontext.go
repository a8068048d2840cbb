package middleware

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A saveContext is the context of a commit. It has the values of the request's context
// and ends after a timeout or at the request's own deadline, but not when the client
// disconnects. It starts a timer only if Done is called, so that a store that answers
// at once does not pay for one.
type saveContext struct {
	request  context.Context
	deadline time.Time

	mu    sync.Mutex
	err   error         // why the context ended
	done  chan struct{} // nil until Done is called
	timer *time.Timer
}

func newSaveContext(request context.Context, timeout time.Duration) *saveContext {
	c := &saveContext{request: request, deadline: time.Now().Add(timeout)}
	if own, ok := request.Deadline(); ok && own.Before(c.deadline) {
		c.deadline = own
	}
	return c
}

func (c *saveContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Format writes the context's name, for any verb.
func (c *saveContext) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.SaveContext")) }

func (c *saveContext) Value(key any) any {
	if _, own := key.(*int); own { // such as that by which package context finds who cancels
		return context.WithoutCancel(c.request).Value(key)
	}
	return c.request.Value(key)
}

func (c *saveContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
		}
	}
	return c.done
}

func (c *saveContext) Err() error {
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err == nil && !time.Now().Before(c.deadline) {
		return c.end(context.DeadlineExceeded)
	}
	return err
}

// stop ends the context when the commit is over.
func (c *saveContext) stop() { c.end(context.Canceled) }

// end ends the context, unless it has ended already, and returns why it ended.
func (c *saveContext) end(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.err = err
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.done != nil {
		close(c.done)
	}
	return err
}
