package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxUnderWay is how many commands and pipelines go to one server at once.
	maxUnderWay = 2

	// maxBatch is how many commands one pipeline has at most.
	maxBatch = 100

	// patience is how long a server may answer nothing before the commands under
	// way count as lost: a connection that hangs must not delay all callers.
	patience = 20 * time.Millisecond
)

// combiners send the commands of concurrent callers together. Each server has its
// own combiner: one that is down delays only the sessions that it keeps.
//
// go-redis's AutoPipeliner (v9.23) does not serve here. It sends a script once, as
// asked, but it breaks other promises:
//
//   - A caller waits for its pipeline even after its context has ended. The
//     pipeline does not have the callers' deadlines.
//   - One connection that hangs delays all callers until the read timeout.
//   - After a broken pipeline, commands that were never sent fail like those that
//     were, so that their outcome looks unknown.
//   - Commands that may be sent again and commands that may not, which is reads
//     and scripts, do not share a pipeline.
type combiners struct {
	single  *combiner            // of a client of one server
	cluster *redis.ClusterClient // else

	mu       sync.Mutex
	byServer map[string]*combiner // by address, in a cluster
}

// newCombiners returns nil if the client does not say where its commands go.
func newCombiners(client processor) *combiners {
	switch client := client.(type) {
	case *redis.Client:
		return &combiners{single: &combiner{client: client}}
	case *redis.ClusterClient:
		return &combiners{cluster: client, byServer: make(map[string]*combiner)}
	}
	return nil
}

// forKey returns the combiner of the server that has the key, or nil if that is
// not known.
func (c *combiners) forKey(ctx context.Context, key string) *combiner {
	if c == nil || c.cluster == nil {
		return c.only()
	}
	node, err := c.cluster.MasterForKey(ctx, key)
	if err != nil {
		return nil
	}
	addr := node.Options().Addr
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byServer[addr] == nil {
		c.byServer[addr] = &combiner{client: c.cluster}
	}
	return c.byServer[addr]
}

func (c *combiners) only() *combiner {
	if c == nil {
		return nil
	}
	return c.single
}

// A combiner sends commands to one server. A command goes at once while few are
// under way. Otherwise it waits until one of those is back, and then goes in one
// pipeline with all that wait. A caller that is alone never waits.
//
// If nothing is answered for long, a new period begins: those under way no longer
// count, and those that wait are sent. So no command waits for longer than that
// because of a connection that hangs or a server that is far away.
type combiner struct {
	client processor

	mu       sync.Mutex
	waiting  []*waiter
	underWay int
	since    time.Time // when the server last answered, or the period began
	period   int       // counts the times that nothing was answered for long
}

// A waiter is a command that waits for its pipeline.
type waiter struct {
	cmd  redis.Cmder
	also redis.Cmder // sent after cmd, if not nil
	ctx  context.Context
	done chan struct{}
}

// process sends a command and reports whether it is back. If it is not, ctx has
// ended. The command may still be sent then, and must not be looked at. If also is
// not nil, it goes the same way.
func (c *combiner) process(ctx context.Context, cmd, also redis.Cmder) (back bool) {
	c.mu.Lock()
	if c.silence() > patience {
		c.begin()
	}
	if c.underWay < maxUnderWay {
		c.underWay++
		period := c.period
		c.mu.Unlock()
		defer c.sendNext(period)
		if also == nil {
			c.client.Process(ctx, cmd)
			return true
		}
		_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Process(ctx, cmd)
			return p.Process(ctx, also)
		})
		if err != nil && cmd.Err() == nil && also.Err() == nil {
			cmd.SetErr(err)
		}
		return true
	}
	w := &waiter{cmd, also, ctx, make(chan struct{})}
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	return c.await(w)
}

// await waits until a command is back, and reports whether it is.
func (c *combiner) await(w *waiter) (back bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-w.done:
			return true
		case <-w.ctx.Done():
			return false
		case <-timer.C:
			timer.Reset(c.nudge())
		}
	}
}

// nudge begins a new period if the server has been silent for long. It returns
// when to look again.
func (c *combiner) nudge() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := patience - c.silence(); left > 0 {
		return left
	}
	c.begin()
	return patience
}

// silence returns for how long the server has answered nothing. The caller holds mu.
func (c *combiner) silence() time.Duration { return time.Since(c.since) }

// begin begins a new period, with the commands that wait. The caller holds mu.
func (c *combiner) begin() {
	c.underWay, c.since = 0, time.Now()
	c.period++
	if len(c.waiting) > 0 {
		c.underWay++
		go c.sendNext(c.period)
	}
}

// sendNext sends the commands that wait, since one of the period is back.
func (c *combiner) sendNext(period int) {
	if batch := c.next(period); batch != nil {
		go c.sendAll(batch, period)
	}
}

// sendAll sends commands, and then those that wait by then, until none do.
func (c *combiner) sendAll(batch []*waiter, period int) {
	for ; batch != nil; batch = c.next(period) {
		c.send(batch)
	}
}

// next returns the commands to send in place of one that is back. If there are
// none, one fewer is under way.
func (c *combiner) next(period int) []*waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.period != period {
		return nil
	}
	c.since = time.Now()
	c.waiting = slices.DeleteFunc(c.waiting, func(w *waiter) bool { return w.ctx.Err() != nil })
	n := min(len(c.waiting), maxBatch)
	if n == 0 {
		c.underWay--
		return nil
	}
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

// send sends commands in one pipeline, which ends with the last of their contexts.
func (c *combiner) send(batch []*waiter) {
	ctx, cancel := lastOf(batch)
	defer cancel()
	err := errHook
	defer func() {
		recover() // of a hook's panic, which no caller could recover
		unsent := err != nil && !slices.ContainsFunc(batch, func(w *waiter) bool { return w.cmd.Err() != nil || w.also != nil && w.also.Err() != nil })
		for _, w := range batch {
			if unsent { // or some would say why they have no reply
				w.cmd.SetErr(err)
			}
			close(w.done)
		}
	}()
	_, err = c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, w := range batch {
			p.Process(ctx, w.cmd)
			if w.also != nil {
				p.Process(ctx, w.also)
			}
		}
		return nil
	})
}

var errHook = errors.New("redisstore: a hook of the client panicked")

// lastOf returns a context with the last of the deadlines, none if a caller has
// none.
func lastOf(batch []*waiter) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, w := range batch {
		deadline, ok := w.ctx.Deadline()
		if !ok {
			return context.Background(), func() {}
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(context.Background(), last)
}
