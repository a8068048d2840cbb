// Package load asks an HTTP server as many browsers do that keep their
// connections and wait for each answer. It does little more than system calls, so
// that the server has the machine.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options say what to ask.
type Options struct {
	Addr  string
	Path  string
	Conns int

	// New is the path where each connection gets the cookie of a session of its
	// own first. Empty means that requests have none.
	New string

	// Follow takes the cookie of each response.
	Follow bool

	// Cookies returns the Cookie header for a cookie.
	Cookies func(cookie string) string
}

// A Result holds the figures of a run.
type Result struct {
	Requests int
	Elapsed  time.Duration
	P50, P99 time.Duration
}

// A Crowd is a number of connections that are open and ready.
type Crowd struct {
	o       *Options
	clients []*client
}

// Gather opens the connections, gets their sessions and makes one request on each.
func Gather(o *Options) (*Crowd, error) {
	c := &Crowd{o: o}
	for range o.Conns {
		client, err := dial(o)
		if err != nil {
			return nil, err
		}
		c.clients = append(c.clients, client)
	}
	return c, nil
}

// Run makes requests on all connections for a time.
func (c *Crowd) Run(lasts time.Duration) (Result, error) {
	var wg sync.WaitGroup
	start := time.Now()
	for _, client := range c.clients {
		wg.Go(func() { client.run(start, lasts) })
	}
	wg.Wait()
	r := Result{Elapsed: time.Since(start)}
	var all []time.Duration
	var errs []error
	for _, client := range c.clients {
		all = append(all, client.took...)
		errs = append(errs, client.err)
	}
	if len(all) > 0 {
		slices.Sort(all)
		r.Requests, r.P50, r.P99 = len(all), all[len(all)/2], all[len(all)*99/100]
	}
	return r, errors.Join(errs...)
}

type client struct {
	o       *Options
	conn    net.Conn
	request []byte
	buffer  [8192]byte
	took    []time.Duration
	err     error
}

func dial(o *Options) (*client, error) {
	conn, err := net.Dial("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	c := &client{o: o, conn: conn}
	cookie := []byte("a=b")
	if o.New != "" {
		c.prepare(o.New, cookie)
		if cookie, err = c.ask(); err != nil {
			return nil, err
		}
	}
	c.prepare(o.Path, cookie)
	return c, c.once()
}

func (c *client) prepare(path string, cookie []byte) {
	c.request = fmt.Appendf(c.request[:0], "GET /%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", path, c.o.Cookies(string(cookie)))
}

func (c *client) run(start time.Time, lasts time.Duration) {
	last := start
	for c.err == nil && last.Sub(start) < lasts {
		c.err = c.once()
		now := time.Now()
		c.took = append(c.took, now.Sub(last))
		last = now
	}
}

func (c *client) once() error {
	cookie, err := c.ask()
	if err == nil && c.o.Follow && cookie != nil {
		c.prepare(c.o.Path, cookie)
	}
	return err
}

var (
	ok        = []byte("HTTP/1.1 200")
	end       = []byte("\r\n\r\n")
	size      = []byte("\r\nContent-Length: ")
	setCookie = []byte("\r\nSet-Cookie: ")
)

// ask sends the request and returns the cookie of the response, if it has one.
func (c *client) ask() (cookie []byte, err error) {
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, err
	}
	for n := 0; n < len(c.buffer); {
		m, err := c.conn.Read(c.buffer[n:])
		if err != nil {
			return nil, err
		}
		n += m
		if header, complete := parse(c.buffer[:n]); complete {
			if !bytes.HasPrefix(header, ok) {
				return nil, fmt.Errorf("load: %s: %.200q", c.o.Path, header)
			}
			return value(header, setCookie, ";"), nil
		}
	}
	return nil, errors.New("load: the response is too long")
}

// parse returns the header of a response and reports whether all of it is there.
func parse(response []byte) (header []byte, complete bool) {
	i := bytes.Index(response, end)
	if i < 0 {
		return nil, false
	}
	header = response[:i+2]
	n, _ := strconv.Atoi(string(value(header, size, ";")))
	return header, len(response) >= i+len(end)+n
}

// value returns the text of a field up to a byte or the end of the line.
func value(header, field []byte, until string) []byte {
	_, rest, found := bytes.Cut(header, field)
	if !found {
		return nil
	}
	line, _, _ := bytes.Cut(rest, []byte("\r\n"))
	text, _, _ := bytes.Cut(line, []byte(until))
	return text
}
