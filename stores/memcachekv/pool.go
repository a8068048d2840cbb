package memcachekv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

var errClosed = errors.New("memcachekv: the backend is closed")

// A pool has connections to one server.
type pool struct {
	address string
	dialer  net.Dialer
	maxIdle int

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

type conn struct {
	net.Conn
	r *bufio.Reader
}

func newPool(address string, o *Options) *pool {
	p := &pool{address: address, dialer: net.Dialer{Timeout: o.DialTimeout}, maxIdle: o.MaxIdle}
	if p.dialer.Timeout == 0 {
		p.dialer.Timeout = 5 * time.Second
	}
	if p.maxIdle == 0 {
		p.maxIdle = 16
	}
	return p
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
	return nil
}

// get returns a connection, and whether it was used before: the server may have closed a
// used one since.
func (p *pool) get(ctx context.Context, fresh bool) (c *conn, used bool, err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, false, errClosed
	}
	if n := len(p.idle); n > 0 && !fresh {
		c, p.idle = p.idle[n-1], p.idle[:n-1]
		p.mu.Unlock()
		return c, true, nil
	}
	p.mu.Unlock()
	dialed, err := p.dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, false, err
	}
	return &conn{dialed, bufio.NewReader(dialed)}, false, nil
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= p.maxIdle {
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
}

// ping asks whether the server is there, and speaks the commands that the backend needs.
func (p *pool) ping(ctx context.Context) error {
	r, err := p.read(ctx, "mn\r\n")
	if err == nil && r.code != "MN" {
		err = r.unexpected()
	}
	return err
}

// itemSize asks how large an item may be. It is the default if the server does not say.
func (p *pool) itemSize(ctx context.Context) (size int, err error) {
	r, err := p.read(ctx, "stats settings\r\n")
	if err != nil && r.code == "" {
		return 0, err
	}
	for line := range strings.Lines(string(r.value)) {
		if text, found := strings.CutPrefix(line, "STAT item_size_max "); found {
			return strconv.Atoi(strings.TrimSpace(text))
		}
	}
	return defaultItemSize, nil
}

const defaultItemSize = 1 << 20

// read sends a command that may be sent again if a used connection fails.
func (p *pool) read(ctx context.Context, command string) (reply, error) {
	r, used, err := p.send(ctx, []byte(command), false)
	if err != nil && used && ctx.Err() == nil {
		r, _, err = p.send(ctx, []byte(command), true)
	}
	return r, err
}

// write sends a command once. After an error it is unknown whether it was carried out.
func (p *pool) write(ctx context.Context, command []byte) (reply, error) {
	r, _, err := p.send(ctx, command, false)
	return r, err
}

func (p *pool) send(ctx context.Context, command []byte, fresh bool) (r reply, used bool, err error) {
	if err := ctx.Err(); err != nil {
		return r, false, err
	}
	c, used, err := p.get(ctx, fresh)
	if err != nil {
		return r, used, err
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	r, err = c.exchange(command)
	if !stop() || err != nil {
		c.Close() // a late reply must not be taken for the next command's
		if ctx.Err() != nil && err != nil {
			err = ctx.Err()
		}
		return r, used, err
	}
	p.put(c)
	return r, used, nil
}

// A reply is the server's answer to a meta command.
type reply struct {
	code  string // of two letters
	cas   uint64
	value []byte
	line  string
}

func (r reply) unexpected() error {
	return fmt.Errorf("memcachekv: the server answers %.100q", r.line)
}

func (c *conn) exchange(command []byte) (r reply, err error) {
	if _, err := c.Write(command); err != nil {
		return r, err
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		return r, err
	}
	r.line = strings.TrimRight(line, "\r\n")
	fields := strings.Fields(r.line)
	if len(fields) == 0 {
		return r, r.unexpected()
	}
	r.code = fields[0]
	if r.code == "STAT" {
		r.value, err = c.stats(r.line)
		return r, err
	}
	for _, flag := range fields[1:] {
		if digits, ok := strings.CutPrefix(flag, "c"); ok {
			r.cas, _ = strconv.ParseUint(digits, 10, 64)
		}
	}
	if r.code != "VA" {
		return r, r.failed()
	}
	if len(fields) < 2 {
		return r, r.unexpected()
	}
	size, err := strconv.Atoi(fields[1])
	if err != nil || size < 0 || size > maxReply {
		return r, r.unexpected()
	}
	r.value = make([]byte, size+2)
	if _, err := io.ReadFull(c.r, r.value); err != nil {
		return r, err
	}
	r.value = r.value[:size]
	return r, nil
}

// stats returns the lines of a list of statistics, of which the first is read.
func (c *conn) stats(line string) (lines []byte, err error) {
	for strings.TrimSpace(line) != "END" {
		lines = append(append(lines, line...), '\n')
		if line, err = c.r.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// maxReply bounds how much of a value is read: memcached can be configured to take so
// much.
const maxReply = 1 << 27

// failed returns an error for the answers after which a connection cannot be used: the
// server may go on with a value that it did not take.
func (r reply) failed() error {
	switch r.code {
	case "ERROR", "CLIENT_ERROR", "SERVER_ERROR":
		return r.unexpected()
	}
	return nil
}
