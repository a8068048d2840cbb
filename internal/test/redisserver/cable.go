package redisserver

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// A Cable passes bytes between clients and a server, both ways at any time: a [Proxy]
// knows commands and replies, and would hold back messages that no command asked for. It
// can be cut and frozen, as a whole or only where clients have turned on CLIENT TRACKING.
// Its methods are safe for concurrent use.
type Cable struct {
	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	thawed *sync.Cond
	frozen frozen
	wires  map[*wire]bool
	closed bool
}

// A wire is one connection through the cable.
type wire struct {
	client, server net.Conn
	tracking       bool // the client has turned it on
}

// NewCable makes a cable to the server at this address. It ends with the test.
func NewCable(tb testing.TB, server string) *Cable {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("redisserver: %v", err)
	}
	c := &Cable{server: server, listener: l, wires: map[*wire]bool{}}
	c.thawed = sync.NewCond(&c.mu)
	c.running.Go(c.accept)
	tb.Cleanup(c.close)
	return c
}

// Addr returns the cable's host and port.
func (c *Cable) Addr() string { return c.listener.Addr().String() }

// frozen says which bytes do not pass.
type frozen struct{ commands, replies bool }

// FreezeTracking passes nothing on, in either direction, of connections that track,
// until Thaw is called. The connections stay open.
func (c *Cable) FreezeTracking() { c.set(frozen{true, true}) }

// FreezeReplies is FreezeTracking that passes on what clients send.
func (c *Cable) FreezeReplies() { c.set(frozen{replies: true}) }

// Thaw passes on everything that was held back.
func (c *Cable) Thaw() { c.set(frozen{}) }

func (c *Cable) set(f frozen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = f
	c.thawed.Broadcast()
}

// CutTracking ends the connections that track. It returns how many there were.
func (c *Cable) CutTracking() (cut int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.wires {
		if w.tracking {
			w.close()
			cut++
		}
	}
	return cut
}

func (c *Cable) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			client.Close()
			continue
		}
		w := &wire{client: client, server: server}
		c.mu.Lock()
		if c.closed {
			w.close()
		}
		c.wires[w] = true
		c.mu.Unlock()
		c.running.Go(func() { c.pass(w, client, server) })
		c.running.Go(func() { c.pass(w, server, client) })
	}
}

// pass passes on the bytes from one end, until the wire is closed.
func (c *Cable) pass(w *wire, from, to net.Conn) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.close()
		delete(c.wires, w)
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		w.tracking = w.tracking || bytes.Contains(buf[:n], []byte("TRACKING"))
		for (from == w.client && c.frozen.commands || from == w.server && c.frozen.replies) && w.tracking && !c.closed {
			c.thawed.Wait()
		}
		c.mu.Unlock()
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (w *wire) close() {
	w.client.Close()
	w.server.Close()
}

// close ends the cable and waits for its goroutines.
func (c *Cable) close() {
	c.mu.Lock()
	c.closed = true
	c.listener.Close()
	for w := range c.wires {
		w.close()
	}
	c.thawed.Broadcast()
	c.mu.Unlock()
	c.running.Wait()
}
