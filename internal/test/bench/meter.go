package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
)

// A Meter is a line to a server that counts what goes over it.
type Meter struct {
	listener net.Listener
	to       string
	splits   func() splitter // for a connection

	commands, trips, sent, received atomic.Int64
}

// A splitter appends the next message of a client to dst. It reports whether that is a
// command.
type splitter func(dst []byte, r *bufio.Reader) (_ []byte, command bool, err error)

// A Reading is the state of a [Meter] at one moment, or the difference of two.
type Reading struct {
	Commands       int64 // of Redis, where a script is one, or statements of PostgreSQL
	Trips          int64 // times that a client waited for a reply
	Sent, Received int64 // bytes, as the client sees them
}

// NewMeter opens a line to a server of the service.
func NewMeter(s *Service, addr string) (*Meter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &Meter{listener: l, to: addr, splits: s.splits}
	go m.accept()
	return m, nil
}

// Addr returns the line's near end.
func (m *Meter) Addr() string { return m.listener.Addr().String() }

// Close refuses new connections.
func (m *Meter) Close() error { return m.listener.Close() }

// Read returns the counts so far.
func (m *Meter) Read() Reading {
	return Reading{m.commands.Load(), m.trips.Load(), m.sent.Load(), m.received.Load()}
}

// Since returns the counts since an earlier reading.
func (m *Meter) Since(r Reading) Reading {
	now := m.Read()
	return Reading{now.Commands - r.Commands, now.Trips - r.Trips, now.Sent - r.Sent, now.Received - r.Received}
}

func (m *Meter) accept() {
	for {
		client, err := m.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", m.to)
		if err != nil {
			client.Close()
			continue
		}
		m.join(client, server)
	}
}

func (m *Meter) join(client, server net.Conn) {
	answered := new(atomic.Bool)
	answered.Store(true)
	up := counted{client, func(n int) {
		m.sent.Add(int64(n))
		if answered.Swap(false) {
			m.trips.Add(1)
		}
	}}
	down := counted{server, func(n int) {
		m.received.Add(int64(n))
		answered.Store(true)
	}}
	go func() {
		defer server.Close()
		m.forward(server, bufio.NewReader(up), m.splits())
		io.Copy(server, up)
	}()
	go func() {
		defer client.Close()
		io.Copy(client, down)
	}()
}

// A counted reader reports how much is read from it.
type counted struct {
	io.Reader
	count func(int)
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n > 0 {
		c.count(n)
	}
	return n, err
}

// forward counts commands and passes messages on. Messages that come together go on
// together.
func (m *Meter) forward(server io.Writer, client *bufio.Reader, next splitter) error {
	var messages []byte
	for {
		var command bool
		var err error
		if messages, command, err = next(messages, client); err != nil {
			return err
		}
		if command {
			m.commands.Add(1)
		}
		if client.Buffered() > 0 {
			continue
		}
		if _, err = server.Write(messages); err != nil {
			return err
		}
		messages = messages[:0]
	}
}

// splitRedis returns a splitter for a client of Redis.
func splitRedis() splitter {
	return func(dst []byte, r *bufio.Reader) ([]byte, bool, error) {
		dst, err := appendCommand(dst, r)
		return dst, true, err
	}
}

// splitPostgres returns a splitter for a client of PostgreSQL. Its first message has no
// type. Execute and Query are commands.
func splitPostgres() splitter {
	first := true
	return func(dst []byte, r *bufio.Reader) (_ []byte, command bool, err error) {
		if !first {
			kind, err := r.ReadByte()
			if err != nil {
				return dst, false, err
			}
			dst, command = append(dst, kind), kind == 'E' || kind == 'Q'
		}
		first = false
		dst, err = appendSized(dst, r)
		return dst, command, err
	}
}

// appendSized reads the length of a message, which counts itself, and its content.
func appendSized(dst []byte, r *bufio.Reader) ([]byte, error) {
	size, err := r.Peek(4)
	if err != nil {
		return dst, err
	}
	n := int64(binary.BigEndian.Uint32(size))
	if n < 4 || n > maxNumber {
		return dst, fmt.Errorf("bench: a message of %d bytes", n)
	}
	start := len(dst)
	dst = append(dst, make([]byte, n)...)
	_, err = io.ReadFull(r, dst[start:])
	return dst, err
}

// appendCommand reads one command of a Redis client, which is an array of strings.
func appendCommand(dst []byte, r *bufio.Reader) ([]byte, error) {
	dst, n, err := appendLine(dst, r, '*')
	for ; err == nil && n > 0; n-- {
		var size int
		if dst, size, err = appendLine(dst, r, '$'); err == nil {
			start := len(dst)
			dst = append(dst, make([]byte, size+len("\r\n"))...)
			_, err = io.ReadFull(r, dst[start:])
		}
	}
	return dst, err
}

// maxNumber is the largest number of values and of bytes that a command may have.
const maxNumber = 1 << 20

// appendLine reads the line that begins a value of this kind, and its number.
func appendLine(dst []byte, r *bufio.Reader, kind byte) (_ []byte, n int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return dst, 0, err
	}
	if n, err = strconv.Atoi(strings.TrimSpace(string(line[1:]))); err != nil || line[0] != kind || n < 0 || n > maxNumber {
		return dst, 0, fmt.Errorf("bench: %.20q does not begin a value of kind %q", line, kind)
	}
	return append(dst, line...), n, nil
}
