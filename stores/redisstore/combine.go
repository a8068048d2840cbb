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

	// maxBytes is how many bytes one pipeline sends at most, and how many it gets. The
	// client's timeouts are for a pipeline as a whole, also on a slow line.
	maxBytes = 128 << 10

	// maxShared is how many bytes a command may send, or get, to share a pipeline.
	// Larger ones would delay the others.
	maxShared = 16 << 10

	// patience is how long a server may answer nothing before the commands under
	// way count as lost: a connection that hangs must not delay all callers.
	patience = 20 * time.Millisecond
)

// combiners send the commands of concurrent callers together. Each server has its own
// combiner: a server that is down delays only its own sessions.
//
// go-redis's AutoPipeliner (v9.23) does not serve here. It sends a script once, as
// asked, but it breaks other promises:
//
//   - A caller waits for its pipeline even after its context has ended. The
//     pipeline does not have the callers' deadlines.
//   - One connection that hangs delays all callers until the read timeout.
//   - After a broken pipeline, commands that were never sent fail like commands that
//     were, so that their outcome looks unknown.
//   - Commands that may be sent again and commands that may not, which is reads
//     and scripts, do not share a pipeline.
type combiners struct {
	patient bool // the client may wait for long: see [patient]

	single  *combiner            // of a client of one server
	cluster *redis.ClusterClient // else

	mu       sync.Mutex
	byServer map[string]*combiner // by address, in a cluster
}

// newCombiners returns nil if the client does not say where its commands go.
func newCombiners(client processor) *combiners {
	switch client := client.(type) {
	case *redis.Client:
		return &combiners{single: &combiner{client: client, patient: patient(client)}}
	case *redis.ClusterClient:
		return &combiners{patient: patient(client), cluster: client, byServer: make(map[string]*combiner)}
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
		c.byServer[addr] = &combiner{client: c.cluster, patient: c.patient}
	}
	return c.byServer[addr]
}

func (c *combiners) only() *combiner {
	if c == nil {
		return nil
	}
	return c.single
}

// A combiner sends commands to one server. A command goes at once while few are under
// way. Otherwise it waits until a reply is back, and then goes in a pipeline together
// with all commands that wait. A caller that is alone never waits.
//
// If nothing is answered for long, a new period begins: the commands under way no longer
// count, and the waiting commands are sent. So no command waits for longer than that
// because of a connection that hangs or a server that is far away.
type combiner struct {
	client  processor
	patient bool

	mu       sync.Mutex
	waiting  []*waiter
	underWay int
	since    time.Time // when the server last answered, or the period began
	period   int       // counts the times that nothing was answered for long
}

// A waiter is a command that waits for its pipeline.
type waiter struct {
	shared
	ctx  context.Context
	done chan struct{}
}

// A shared is a command that may go with others.
type shared struct {
	cmd   redis.Cmder
	sends int // bytes
	gets  int // bytes at most
}

// process sends a command: alone, or together with others as that is for a pipeline.
// It returns the one that is back, nil if ctx has ended. A command that is not back
// may still be sent, and must not be looked at.
func (c *combiner) process(ctx context.Context, alone redis.Cmder, together func() shared) (back redis.Cmder) {
	c.mu.Lock()
	if c.silence() > patience {
		c.begin()
	}
	if c.underWay < maxUnderWay {
		c.underWay++
		period := c.period
		c.mu.Unlock()
		return send(ctx, c.client, c.patient, alone, func() { c.sendNext(period) })
	}
	w := &waiter{together(), ctx, make(chan struct{})}
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	if !c.await(w) {
		return nil
	}
	return w.cmd
}

// patient reports whether a client may wait for a reply for long after a context has
// been cancelled, or its deadline passed. Then the store does not wait for the client.
// That costs a switch of goroutines, which is much beside a round trip. With a negative
// timeout, connections get no deadlines: the application bounds them itself.
func patient(client redis.Cmdable) bool {
	timeout, known := readTimeout(client)
	return !known || timeout == 0 || timeout > ioTimeout || !keepsDeadlines(client)
}

// send sends a command and then calls done. It returns the command, nil if ctx has
// ended before and the client would wait for long.
func send(ctx context.Context, client processor, patient bool, cmd redis.Cmder, done func()) (back redis.Cmder) {
	if !patient {
		defer done()
		client.Process(ctx, cmd)
		return cmd
	}
	process := func() error {
		defer done()
		client.Process(ctx, cmd)
		return nil
	}
	switch err, over := within(ctx, true, process); {
	case !over:
		return nil
	case err != nil:
		cmd.SetErr(err)
	}
	return cmd
}

// within runs f, and reports whether it was over before ctx ended. Clients that wait for
// a reply notice the deadline of a context, but not that it is cancelled. If they do not
// wait for long, it is always over.
func within(ctx context.Context, patient bool, f func() error) (err error, over bool) {
	if !patient || ctx.Done() == nil {
		return f(), true
	}
	back := make(chan error, 1)
	go func() {
		err := errHook
		defer func() {
			recover() // of a hook's panic, which no caller could recover
			back <- err
		}()
		err = f()
	}()
	select {
	case err := <-back:
		return err, true
	case <-ctx.Done():
		return ctx.Err(), false
	}
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

// sendNext sends the waiting commands, since a reply of the period is back.
func (c *combiner) sendNext(period int) {
	if batch := c.next(period); batch != nil {
		go c.sendAll(batch, period)
	}
}

// sendAll sends commands, then the commands that wait by then, until none wait.
func (c *combiner) sendAll(batch []*waiter, period int) {
	for ; batch != nil; batch = c.next(period) {
		c.sendTogether(batch)
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
	n := fitting(c.waiting)
	if n == 0 {
		c.underWay--
		return nil
	}
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

// fitting returns how many of the commands, the first ones, fit into a pipeline.
func fitting(waiting []*waiter) int {
	sends, gets := 0, 0
	for i, w := range waiting {
		sends, gets = sends+w.sends, gets+w.gets
		if i == maxBatch || i > 0 && (sends > maxBytes || gets > maxBytes) {
			return i
		}
	}
	return len(waiting)
}

// sendTogether sends commands in one pipeline, which ends with the last of their contexts.
func (c *combiner) sendTogether(batch []*waiter) {
	ctx, cancel := lastOf(batch)
	defer cancel()
	err := errHook
	defer func() {
		recover() // of a hook's panic, which no caller could recover
		unsent := err != nil && !slices.ContainsFunc(batch, func(w *waiter) bool { return w.cmd.Err() != nil })
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
