package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
	"github.com/seed48429006/sessions/internal/test/bench/load"
)

// The command starts itself as the application and as its clients. Each says in a
// line that it is ready, and goes on when its standard input says so.
var roles = map[string]func(args []string) error{"serve": serve, "load": ask}

// serve serves the subject of a name, until its standard input ends.
func serve(args []string) error {
	name, addr := args[0], args[1]
	for _, s := range bench.Subjects() {
		if s.Name() != name {
			continue
		}
		app, err := s.Open(addr)
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go func() { exit(app.Serve(l)) }()
		fmt.Println(l.Addr())
		io.Copy(io.Discard, os.Stdin)
		return app.Close()
	}
	return fmt.Errorf("there is no subject %q", name)
}

// ask makes requests and writes a [load.Result] as JSON.
func ask(args []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	addr := flags.String("addr", "", "the application's address")
	name := flags.String("case", "", "the case")
	conns := flags.Int("conns", 1, "how many connections")
	lasts := flags.Duration("for", time.Second, "how long")
	flags.Parse(args)
	c := bench.Case(*name)
	o := &load.Options{Addr: *addr, Path: *name, Conns: *conns, Follow: c.Follows(), Cookies: bench.Cookies}
	if c.Cookie() {
		o.New = string(bench.New)
	}
	crowd, err := load.Gather(o)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	r, err := crowd.Run(*lasts)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// A child is a process of this command.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func spawn(env []string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{Cmd: exec.Command(self, args...)}
	c.Stderr = os.Stderr
	c.Env = append(os.Environ(), env...)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	return c, c.Start()
}

// line returns the next line that the process writes.
func (c *child) line() (string, error) {
	line, err := c.out.ReadString('\n')
	if err == io.EOF {
		err = errors.New("a child process ended too soon: " + strings.Join(c.Args[1:], " "))
	}
	return strings.TrimSpace(line), err
}

// stop ends the process.
func (c *child) stop() error {
	c.in.Close()
	return c.Wait()
}
