package near

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	maxAwaited   = 10000 // replies
	writeTimeout = time.Second
)

// A conn is a connection on which Redis replies to commands, and pushes which keys
// have changed. Pushes and replies are handled in the order in which Redis sent
// them, by the goroutine that reads.
type conn struct {
	net  net.Conn
	push func(value)

	mu      sync.Mutex
	out     []byte        // commands to send
	awaited []func(value) // what to do with replies, in the order of the commands
	closed  bool
	wake    chan bool     // there are commands to send
	done    chan struct{} // closed when the connection is
}

func newConn(c net.Conn, push func(value)) *conn {
	return &conn{net: c, push: push, wake: make(chan bool, 1), done: make(chan struct{})}
}

// send sends a command without waiting for it, and reports whether then will be
// called with its reply.
func (c *conn) send(then func(value), args ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.awaited) == maxAwaited {
		return false
	}
	c.out, c.awaited = appendCommand(c.out, args...), append(c.awaited, then)
	select {
	case c.wake <- true:
	default:
	}
	return true
}

// do sends a command and waits for its reply.
func (c *conn) do(args ...string) (value, error) {
	reply := make(chan value, 1)
	if !c.send(func(v value) { reply <- v }, args...) {
		return value{}, net.ErrClosed
	}
	select {
	case v := <-reply:
		return v, v.err()
	case <-c.done:
		return value{}, net.ErrClosed
	}
}

// write sends commands until the connection is closed, those of a moment together.
func (c *conn) write() {
	var spare []byte
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		c.mu.Lock()
		out := c.out
		c.out = spare[:0]
		c.mu.Unlock()
		c.net.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.net.Write(out); err != nil {
			c.close()
			return
		}
		spare = out
	}
}

var errUnasked = errors.New("near: the server replied to nothing")

// read handles pushes and replies until the connection ends.
func (c *conn) read() error {
	r := bufio.NewReaderSize(c.net, 32<<10)
	for {
		v, err := readValue(r, 0)
		if err != nil {
			return err
		}
		if v.kind == '>' {
			c.push(v)
			continue
		}
		then := c.next()
		if then == nil {
			return errUnasked
		}
		then(v)
	}
}

// next returns the action for the next reply.
func (c *conn) next() func(value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.awaited) == 0 {
		return nil
	}
	then := c.awaited[0]
	c.awaited[0] = nil
	if c.awaited = c.awaited[1:]; len(c.awaited) == 0 {
		c.awaited = nil
	}
	return then
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
		c.net.Close()
	}
}
