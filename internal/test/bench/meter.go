package bench

import (
	"bufio"
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
	resp     bool

	commands, trips, sent, received atomic.Int64
}

// A Reading is the state of a [Meter] at one moment, or the difference of two.
type Reading struct {
	Commands       int64 // of Redis; a script is one
	Trips          int64 // times that a client waited for a reply
	Sent, Received int64 // bytes, as the client sees them
}

// NewMeter opens a line to a server of the service.
func NewMeter(s *Service, addr string) (*Meter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &Meter{listener: l, to: addr, resp: s == Redis}
	go m.accept()
	return m, nil
}

// Addr returns the line's near end.
func (m *Meter) Addr() string { return m.listener.Addr().String() }

// Close refuses new connections.
func (m *Meter) Close() error { return m.listener.Close() }

// Read returns what was counted so far.
func (m *Meter) Read() Reading {
	return Reading{m.commands.Load(), m.trips.Load(), m.sent.Load(), m.received.Load()}
}

// Since returns what was counted after an earlier reading.
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
		tee := bufio.NewReader(io.TeeReader(up, server))
		for m.resp && skipCommand(tee) == nil {
			m.commands.Add(1)
		}
		io.Copy(io.Discard, tee)
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

// skipCommand reads one command of a Redis client: an array of strings.
func skipCommand(r *bufio.Reader) error {
	n, err := length(r, "*")
	for ; err == nil && n > 0; n-- {
		var size int
		if size, err = length(r, "$"); err == nil {
			_, err = r.Discard(size + len("\r\n"))
		}
	}
	return err
}

func length(r *bufio.Reader, kind string) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, kind)))
}
