package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// tracedFor is how long requests are made to a process whose calls are counted.
// Tests make it shorter.
var tracedFor = time.Second

// systemCalls counts the system calls of the application in the main cases. The
// application is slow under it, so no other figure is from this run.
func (l *lab) systemCalls(s bench.Subject) error {
	if _, err := exec.LookPath("strace"); err != nil {
		return nil
	}
	app, addr, err := l.serve(s)
	if err != nil {
		return err
	}
	defer app.stop()
	for _, c := range mainCases {
		crowd, err := gather(addr, c, usual, tracedFor)
		if err != nil {
			return err
		}
		n := 0
		count, err := traced(app.Process.Pid, func() error {
			r, err := crowd.run()
			n = r.Requests
			return err
		})
		err = errors.Join(err, crowd.stop())
		if errors.Is(err, errNotTraced) {
			fmt.Fprintln(os.Stderr, "system calls are not counted:", err)
			return nil
		}
		if err != nil {
			return err
		}
		l.results.add(key{s.Name(), c, usual, calls}, float64(count)/float64(n))
	}
	return nil
}

// errNotTraced means that strace may not look at other processes.
var errNotTraced = errors.New("strace does not attach")

// traced returns how many system calls a process makes while do runs.
func traced(pid int, do func() error) (int, error) {
	dir, err := os.MkdirTemp("", "table")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	summary := filepath.Join(dir, "strace")
	strace := exec.Command("strace", "-f", "-c", "-o", summary, "-p", strconv.Itoa(pid))
	stderr, err := strace.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := strace.Start(); err != nil {
		return 0, err
	}
	said, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil || !strings.Contains(said, "attached") {
		return 0, errors.Join(fmt.Errorf("%w: %q", errNotTraced, said), err, strace.Wait())
	}
	err = do()
	strace.Process.Signal(os.Interrupt)
	strace.Wait()
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(summary)
	return callsIn(string(text)), err
}

// callsIn returns the number of calls in strace's summary.
func callsIn(summary string) (n int) {
	for line := range strings.Lines(summary) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[len(fields)-1] == "total" {
			continue
		}
		if count, err := strconv.Atoi(fields[3]); err == nil {
			n += count
		}
	}
	return n
}
