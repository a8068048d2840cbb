package near

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	maxAwaited   = 10000    // replies
	maxDirect    = 16 << 10 // bytes that a caller writes by itself: they fit into the socket's buffer
	writeTimeout = time.Second

	// maxSilence is how long the server may reply nothing before other commands
	// are refused: a connection that hangs must not delay its callers.
	maxSilence = 50 * time.Millisecond
)

// A Command is a command to send. Then is called once, with its reply or with the error
// that there is none. It must not wait.
type Command struct {
	Then func(Reply, error)
	Args []any // strings, byte slices and int64s
}

var (
	errBusy = errors.New("near: the connection is busy")

	// ErrUnsent means that a connection was lost before the command was sent.
	ErrUnsent = errors.New("near: the connection was lost before the command was sent")

	// ErrLost means that a connection was lost before the reply came.
	ErrLost = errors.New("near: the connection was lost")
)

// A conn is a connection on which Redis replies to commands, and pushes which keys
// have changed. Pushes and replies are handled in the order in which Redis sent
// them, by the goroutine that reads.
type conn struct {
	net  net.Conn
	push func(Reply)

	mu      sync.Mutex
	out     []byte // commands to send
	unsent  int    // how many they are
	spare   []byte // the memory of commands that were sent
	writing bool
	awaited []func(Reply, error) // what to do with replies, in the order of the commands
	heard   time.Time            // when a reply came, or the first awaited one was asked for
	closed  bool
	wake    chan bool     // there are commands to send
	done    chan struct{} // closed when the connection is
}

func newConn(c net.Conn, push func(Reply)) *conn {
	return &conn{net: c, push: push, wake: make(chan bool, 1), done: make(chan struct{})}
}

// send sends commands without waiting for their replies. Unless it returns an error,
// each one's Then will be called.
func (c *conn) send(cmds ...Command) error {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return net.ErrClosed
	case len(c.awaited)+len(cmds) > maxAwaited:
		c.mu.Unlock()
		return errBusy
	}
	alone := len(c.awaited) == 0
	if alone {
		c.heard = time.Now()
	}
	for _, cmd := range cmds {
		c.out, c.awaited = appendCommand(c.out, cmd.Args...), append(c.awaited, cmd.Then)
	}
	c.unsent += len(cmds)
	if alone && !c.writing && len(c.out) <= maxDirect {
		c.flush()
		return nil
	}
	c.mu.Unlock()
	c.awaken()
	return nil
}

// hangs reports whether replies have been due for long.
func (c *conn) hangs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.awaited) > 0 && time.Since(c.heard) > maxSilence
}

// do sends a command and waits for its reply.
func (c *conn) do(args ...any) (Reply, error) {
	type result struct {
		reply Reply
		err   error
	}
	back := make(chan result, 1)
	if err := c.send(Command{func(v Reply, err error) { back <- result{v, err} }, args}); err != nil {
		return Reply{}, err
	}
	got := <-back
	if got.err == nil {
		got.err = got.reply.Err()
	}
	return got.reply, got.err
}

func (c *conn) awaken() {
	select {
	case c.wake <- true:
	default:
	}
}

// write sends commands until the connection is closed. Commands of one moment go
// together.
func (c *conn) write() {
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		c.mu.Lock()
		if c.writing || len(c.out) == 0 {
			c.mu.Unlock()
			continue
		}
		c.flush()
	}
}

// flush sends the commands that are to be sent. It wants mu held, and releases it.
func (c *conn) flush() {
	out := c.out
	c.out, c.spare, c.unsent, c.writing = c.spare[:0], nil, 0, true
	c.mu.Unlock()
	c.net.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.net.Write(out)
	c.mu.Lock()
	c.writing = false
	if cap(out) <= maxDirect {
		c.spare = out
	}
	more := len(c.out) > 0
	c.mu.Unlock()
	if err != nil {
		c.close()
	} else if more {
		c.awaken()
	}
}

var errUnasked = errors.New("near: the server replied to nothing")

// read handles pushes and replies until the connection ends.
func (c *conn) read() error {
	r := bufio.NewReaderSize(c.net, 32<<10)
	for {
		v, err := readReply(r, 0)
		if err != nil {
			return err
		}
		if v.Kind == '>' {
			c.push(v)
			continue
		}
		then := c.next()
		if then == nil {
			return errUnasked
		}
		then(v, nil)
	}
}

// next returns the action for the next reply.
func (c *conn) next() func(Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.awaited) == 0 {
		return nil
	}
	c.heard = time.Now()
	then := c.awaited[0]
	n := copy(c.awaited, c.awaited[1:])
	c.awaited[n] = nil
	c.awaited = c.awaited[:n]
	return then
}

// close closes the connection, and ends the commands that have no reply.
func (c *conn) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	lost, unsent := c.awaited, c.unsent
	c.awaited = nil
	close(c.done)
	c.net.Close()
	c.mu.Unlock()
	for i, then := range lost {
		if i >= len(lost)-unsent {
			then(Reply{}, ErrUnsent)
		} else {
			then(Reply{}, ErrLost)
		}
	}
}
