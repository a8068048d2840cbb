package redisserver

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between clients and a server, and does what networks do. It
// begins by passing everything on. A new behaviour holds from the next command
// on, also on connections that are open. Its methods are safe for concurrent use.
type Proxy struct {
	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	freed   *sync.Cond // told when does or held changes
	does    behaviour
	delay   time.Duration
	held    int                      // commands that wait until they are passed on
	match   func(args []string) bool // of a command whose reply is to be lost
	left    int                      // how many replies are to be lost
	dropped int
	cut     *cut
	conns   map[net.Conn]bool
	closed  bool
}

type behaviour int

const (
	passes behaviour = iota
	holds
	swallows
	resets
)

// NewProxy starts a proxy to the server at this address. It ends with the test.
func NewProxy(tb testing.TB, server string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("redisserver: %v", err)
	}
	p := &Proxy{server: server, listener: l, conns: map[net.Conn]bool{}}
	p.freed = sync.NewCond(&p.mu)
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Addr returns the proxy's host and port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// URL returns the proxy's address as [URL] does.
func (p *Proxy) URL() string { return URL(p.Addr()) }

// Pass passes on commands and replies at once. It returns when the server has carried out
// the commands that were held.
func (p *Proxy) Pass() {
	p.set(passes, 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.held > 0 && !p.closed {
		p.freed.Wait()
	}
}

// Delay passes on each command only after a time, be the client still there or not.
func (p *Proxy) Delay(d time.Duration) { p.set(passes, d) }

// Hold holds back each command, as a slow network does, until [Proxy.Pass] is
// called. Then it is passed on, be the client still there or not.
func (p *Proxy) Hold() { p.set(holds, 0) }

// BlackHole accepts connections and commands, and answers nothing.
func (p *Proxy) BlackHole() { p.set(swallows, 0) }

// Reset resets each connection at its next command, and new ones at once.
func (p *Proxy) Reset() { p.set(resets, 0) }

func (p *Proxy) set(does behaviour, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.does, p.delay = does, delay
	p.freed.Broadcast()
}

// DropReplies loses the replies to the next n commands that match: the server has carried
// the command out, and the connection ends before the client hears of it. Match is given
// the command's name, in lower case, and its arguments; nil matches every command.
func (p *Proxy) DropReplies(n int, match func(args []string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.match, p.left, p.dropped = match, n, 0
}

// Dropped returns how many replies were lost since the last call of DropReplies.
func (p *Proxy) Dropped() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped
}

// A cut ends the connection at one command.
type cut struct {
	after     int // matching commands that go well before
	unsent    bool
	match     func(args []string) bool
	meanwhile func()
	done      bool
}

// Cut lets so many of the next commands that match pass, and ends the connection at the
// one after them. If unsent is set, the server does not get the command. Otherwise the
// reply is lost. In between, Cut calls meanwhile. Stop ends the wait for that command and
// reports whether it came. Match is as for [Proxy.DropReplies].
func (p *Proxy) Cut(after int, unsent bool, match func(args []string) bool, meanwhile func()) (stop func() (done bool)) {
	c := &cut{after: after, unsent: unsent, match: match, meanwhile: meanwhile}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = c
	return func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.cut = nil
		return c.done
	}
}

// cutAt returns the cut if it is to be made at this command.
func (p *Proxy) cutAt(args []string) *cut {
	args[0] = strings.ToLower(args[0])
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cut
	if c == nil || c.done || !c.match(args) {
		return nil
	}
	if c.after--; c.after >= 0 {
		return nil
	}
	c.done = true
	return c
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if does, _ := p.behaviour(); does == resets {
			reset(conn)
			continue
		}
		p.running.Go(func() { p.serve(conn) })
	}
}

func (p *Proxy) behaviour() (behaviour, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.does, p.delay
}

// hold notes a command, and waits while commands are held. Pass must be called
// when the server has carried it out.
func (p *Proxy) hold() (pass func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.does != holds {
		return func() {}
	}
	p.held++
	for p.does == holds && !p.closed {
		p.freed.Wait()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.held--
		p.freed.Broadcast()
	}
}

// serve passes on the commands of one connection, one at a time.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	if !p.keep(client) {
		return
	}
	defer p.forget(client)
	server, err := net.Dial("tcp", p.server)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.forget(server)
	defer server.Close()
	commands, replies := bufio.NewReader(client), bufio.NewReader(server)
	for {
		args, raw, err := readCommand(commands)
		if err != nil || len(args) == 0 {
			return
		}
		passed := p.hold()
		does, delay := p.behaviour()
		time.Sleep(delay)
		goOn := p.pass(args, raw, does, client, server, replies)
		passed()
		if !goOn {
			return
		}
	}
}

// pass does with a command as is asked. It reports whether the connection goes on.
func (p *Proxy) pass(args []string, raw []byte, does behaviour, client, server net.Conn, replies *bufio.Reader) bool {
	switch does {
	case swallows:
		return true
	case resets:
		reset(client)
		return false
	}
	c := p.cutAt(args)
	if c != nil {
		defer c.meanwhile()
	}
	if c != nil && c.unsent {
		return false
	}
	if _, err := server.Write(raw); err != nil {
		return false
	}
	reply, err := readReply(replies)
	if err != nil || c != nil || p.loses(args) {
		return false
	}
	client.Write(reply) // commands of a client that has gone are carried out all the same
	return true
}

// loses reports whether the reply to this command is to be lost.
func (p *Proxy) loses(args []string) bool {
	args[0] = strings.ToLower(args[0])
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 || p.match != nil && !p.match(args) {
		return false
	}
	p.left--
	p.dropped++
	return true
}

func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// keep notes a connection, to close it when the proxy ends. It reports whether
// that is still to come.
func (p *Proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return false
	}
	p.conns[conn] = true
	return true
}

func (p *Proxy) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// close ends the proxy and waits for its goroutines.
func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.listener.Close()
	for conn := range p.conns {
		conn.Close()
	}
	p.freed.Broadcast()
	p.mu.Unlock()
	p.running.Wait()
}
