package redisserver

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	tries    = 5               // ports to try: another process may take one first
	patience = 2 * time.Minute // for events that must come, however busy the machine is

	// answer is how long clients wait for a reply.
	answer = time.Minute
)

// waits are the parameters of a URL by which its client waits so long.
var waits = fmt.Sprintf("dial_timeout=%[1]v&read_timeout=%[1]v&write_timeout=%[1]v&pool_timeout=%[1]v", answer)

// A Server is a redis-server of a test's own. Its methods are for one goroutine.
type Server struct {
	addr   string
	cmd    *exec.Cmd
	output bytes.Buffer
	exited chan struct{} // closed when the process is gone
}

// Start starts a server, with these arguments added to redis-server's, and
// waits until it answers. It ends when the test does.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return launch(tb, freePort, func(port int, _ string) ([]string, error) {
		return append([]string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(port),
			"--save", "", "--appendonly", "no", "--daemonize", "no",
		}, args...), nil
	})
}

// Long skips a test that takes long, unless SESSIONS_LONG=1.
func Long(tb testing.TB) {
	tb.Helper()
	if os.Getenv("SESSIONS_LONG") != "1" {
		tb.Skip("redisserver: this test takes long; SESSIONS_LONG=1 runs it")
	}
}

// launch starts a server on a port that port finds, with the arguments that it
// is given for that port and a directory of its own.
func launch(tb testing.TB, port func() (int, error), arguments func(port int, dir string) ([]string, error)) *Server {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("SESSIONS_REQUIRE_REDIS") == "1" {
			tb.Fatalf("redisserver: SESSIONS_REQUIRE_REDIS=1, but there is no program redis-server: %v", err)
		}
		tb.Skip("redisserver: this test needs the program redis-server, which is not installed")
	}
	for range tries {
		var s *Server
		var n int
		if n, err = port(); err != nil {
			continue
		}
		if s, err = start(tb, program, n, arguments); err == nil {
			tb.Cleanup(s.Kill)
			return s
		}
	}
	tb.Fatalf("redisserver: %v", err)
	return nil
}

func start(tb testing.TB, program string, port int, arguments func(int, string) ([]string, error)) (*Server, error) {
	s := &Server{
		addr:   net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		exited: make(chan struct{}),
	}
	dir := tb.TempDir()
	args, err := arguments(port, dir)
	if err != nil {
		return nil, err
	}
	s.cmd = exec.Command(program, args...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.await(); err != nil {
		s.Kill()
		return nil, fmt.Errorf("redis-server %s: %w\n%s", strings.Join(args, " "), err, &s.output)
	}
	return s, nil
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// await waits until this very process answers: another may have the port.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.listens(ctx); err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: s.addr, ContextTimeoutEnabled: true})
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("does not answer: %w", err)
	}
	info, err := client.Info(ctx, "server").Result()
	if err == nil && !strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", s.cmd.Process.Pid)) {
		err = fmt.Errorf("another server has the address %s", s.addr)
	}
	return err
}

// listens waits until something listens at the server's address. It is asked
// without a client, which would log that nothing does yet.
func (s *Server) listens(ctx context.Context) error {
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("ended as soon as it was started: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Addr returns the server's host and port.
func (s *Server) Addr() string { return s.addr }

// URL returns the server's address as [URL] does.
func (s *Server) URL() string { return URL(s.addr) }

// URL returns an address as a redis:// URL with parameters. By them a client waits as
// long as a client with [Options].
func URL(addr string) string { return "redis://" + addr + "?" + waits }

// port returns the server's port.
func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return port
}

// Client returns a client of the server with [Options] that is closed when the
// test ends.
func (s *Server) Client(tb testing.TB) *redis.Client {
	client := redis.NewClient(Options(s.addr))
	tb.Cleanup(func() { client.Close() })
	return client
}

// Options returns the options of a client that gives up when its context is done.
// Otherwise it waits for a minute, since a busy machine may take seconds to answer.
func Options(addr string) *redis.Options {
	return &redis.Options{
		Addr:                  addr,
		ContextTimeoutEnabled: true,
		DialerRetries:         1,
		DialTimeout:           answer,
		ReadTimeout:           answer,
		WriteTimeout:          answer,
		PoolTimeout:           answer,
	}
}

// Stop asks the server to end, as an operator does, and waits until it has.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once.
func (s *Server) Kill() { s.end(os.Kill) }

func (s *Server) end(with os.Signal) {
	s.cmd.Process.Signal(with)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.cmd.Process.Kill()
		<-s.exited
	}
}
