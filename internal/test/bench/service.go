package bench

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"time"
)

// A Service is a kind of server that keeps sessions.
type Service struct {
	Name  string
	Start func() (Server, error) // ErrNotInstalled if there is no such program

	splits func() splitter // for a client's connection
}

// ErrNotInstalled means that a program is not installed.
var ErrNotInstalled = exec.ErrNotFound

// A Server is a process that keeps sessions.
type Server interface {
	Version() string
	Addr() string                // host and port
	Clear() error                // removes all sessions
	CPU() (time.Duration, error) // the CPU time that it has had
	Bytes() (int64, error)       // what its data takes
	Stop() error
}

// freeAddr returns an address of the loopback interface that was free a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await waits until something listens at an address.
func await(addr string) error {
	for range 1000 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("bench: nothing listens at " + addr)
}

// end ends a process.
func end(cmd *exec.Cmd, with os.Signal) error {
	if err := cmd.Process.Signal(with); err != nil {
		return err
	}
	cmd.Wait() // its status says that a signal ended it
	return nil
}
