package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
	"github.com/seed48429006/sessions/internal/test/bench/load"
)

// mainCases are measured with every number of connections, the others with one
// number: usual.
var mainCases = []bench.Case{bench.ReadIdle, bench.Change}

const (
	usual   = 64
	tracing = 3500 * time.Millisecond // about how long it takes to count a subject's system calls
)

// connections returns with how many connections a case is measured.
func (p *plan) connections(c bench.Case) []int {
	switch {
	case slices.Contains(mainCases, c):
		return p.conns
	case p.others:
		return []int{usual}
	}
	return nil
}

// slice returns how long to make requests next: the rest of the budget is divided among
// the remaining samples, each of which needs some time besides.
func (l *lab) slice() time.Duration {
	total := l.samples() * len(l.subjects) * l.rounds
	spent := time.Since(l.began)
	left := l.budget - spent - time.Duration(len(l.subjects))*tracing
	beside := 300 * time.Millisecond // at first
	if l.taken > 0 {
		beside = (spent - l.asked) / time.Duration(l.taken)
	}
	slice := max(left/time.Duration(max(total-l.taken, 1))-beside, 100*time.Millisecond)
	l.taken++
	l.asked += slice
	return slice
}

// samples returns how many samples of a subject a round has.
func (p *plan) samples() (n int) {
	for _, c := range bench.Cases() {
		n += len(p.connections(c))
	}
	return n
}

// endToEnd measures a subject in a process of its own, from another one.
func (l *lab) endToEnd(s bench.Subject) error {
	app, addr, err := l.serve(s)
	if err != nil {
		return err
	}
	defer app.stop()
	can, err := s.Open(l.addr(s)) // tells the cases
	if err != nil {
		return err
	}
	defer can.Close()
	for _, c := range bench.Cases() {
		if !can.Can(c) {
			continue
		}
		for _, conns := range l.connections(c) {
			sample, err := l.sample(s, app, addr, c, conns)
			if err != nil {
				return err
			}
			for m, v := range sample {
				l.results.add(key{s.Name(), c, conns, m}, v)
			}
		}
	}
	return nil
}

func (l *lab) serve(s bench.Subject) (app *child, addr string, err error) {
	if app, err = spawn(nil, "serve", s.Name(), l.addr(s)); err != nil {
		return nil, "", err
	}
	if addr, err = app.line(); err != nil {
		app.stop()
	}
	return app, addr, err
}

// sample makes requests and measures all processes at the same time.
func (l *lab) sample(s bench.Subject, app *child, addr string, c bench.Case, conns int) (map[metric]float64, error) {
	crowd, err := gather(addr, c, conns, l.slice())
	if err != nil {
		return nil, err
	}
	defer crowd.stop()
	used, err := l.cpu(s, app)
	if err != nil {
		return nil, err
	}
	r, err := crowd.run()
	if err != nil {
		return nil, err
	}
	now, err := l.cpu(s, app)
	if err != nil {
		return nil, err
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(r.Requests) }
	sample := map[metric]float64{
		perSecond: float64(r.Requests) / r.Elapsed.Seconds(),
		median:    float64(r.P50),
		p99:       float64(r.P99),
		cpu:       each(now[0] - used[0]),
	}
	if s.Needs != nil {
		sample[serverCPU] = each(now[1] - used[1])
	}
	return sample, nil
}

// cpu returns the CPU time that the application and its server have had.
func (l *lab) cpu(s bench.Subject, app *child) (used [2]time.Duration, err error) {
	used[0], err = cpuTime(app.Process.Pid)
	if server := l.server(s); server != nil && err == nil {
		used[1], err = server.CPU()
	}
	return used, err
}

// cpuTime returns the CPU time of a process, zero if the system has no /proc.
func cpuTime(pid int) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the program's name may have spaces
	fields := strings.Fields(rest)
	if err != nil || len(fields) < 13 {
		return 0, fmt.Errorf("the CPU time of process %d: %w", pid, err)
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// A crowd is a process with clients.
type crowd struct{ *child }

// gather returns clients that are ready. One thread does their work, which leaves
// the machine to the application.
func gather(addr string, c bench.Case, conns int, lasts time.Duration) (*crowd, error) {
	child, err := spawn([]string{"GOMAXPROCS=1"}, "load",
		"-addr", addr, "-case", string(c), "-conns", strconv.Itoa(conns), "-for", lasts.String())
	if err != nil {
		return nil, err
	}
	if _, err := child.line(); err != nil {
		child.stop()
		return nil, err
	}
	return &crowd{child}, nil
}

func (c *crowd) run() (r load.Result, err error) {
	if _, err = fmt.Fprintln(c.in); err != nil {
		return r, err
	}
	line, err := c.line()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(line), &r)
}
