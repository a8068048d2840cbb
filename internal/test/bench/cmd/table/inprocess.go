package main

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

const (
	newSessions = 2000 // of which one's bytes are the mean
	lineVisits  = 100  // over a line that counts
)

// visitsFor is how long a case is measured in a round. Tests make it shorter.
var visitsFor = 100 * time.Millisecond

// inProcess measures a subject's time and allocations in this process.
func (l *lab) inProcess(s bench.Subject) error {
	app, err := s.Open(l.addr(s))
	if err != nil {
		return err
	}
	defer app.Close()
	if err := l.size(s, app, newSessions); err != nil {
		return err
	}
	for _, c := range bench.Cases() {
		if !app.Can(c) {
			continue
		}
		guest, err := bench.NewGuest(app, c)
		if err != nil {
			return err
		}
		cost := visit(guest)
		if status, _ := guest.Response(); status != http.StatusOK {
			return fmt.Errorf("%s: status %d", c, status)
		}
		for m, v := range cost {
			l.results.add(key{s.Name(), c, 0, m}, v)
		}
	}
	return nil
}

// visit makes visits and returns what one costs.
func visit(guest *bench.Guest) map[metric]float64 {
	var before, after runtime.MemStats
	for n := 1; ; {
		runtime.ReadMemStats(&before)
		start := time.Now()
		for range n {
			guest.Visit()
		}
		took := time.Since(start)
		if took >= visitsFor {
			runtime.ReadMemStats(&after)
			each := func(v uint64) float64 { return float64(v) / float64(n) }
			return map[metric]float64{
				nanoseconds: each(uint64(took)),
				heapBytes:   each(after.TotalAlloc - before.TotalAlloc),
				allocations: each(after.Mallocs - before.Mallocs),
			}
		}
		n = min(100*n, max(n+1, int(float64(n)*1.2*float64(visitsFor)/float64(max(took, 1)))))
	}
}

// size measures the bytes of each of n new sessions in the store and in the browser.
func (l *lab) size(s bench.Subject, app bench.App, n int) error {
	if !app.Can(bench.New) {
		return nil
	}
	guest, err := bench.NewGuest(app, bench.New)
	if err != nil {
		return err
	}
	before, err := l.bytes(s, app)
	if err != nil {
		return err
	}
	for range n {
		guest.Visit()
	}
	after, err := l.bytes(s, app)
	if err != nil {
		return err
	}
	_, cookie := guest.Response()
	l.results.add(key{s.Name(), bench.New, 0, cookieBytes}, float64(len(cookie)))
	l.results.add(key{s.Name(), bench.New, 0, stored}, float64(after-before)/float64(n))
	return l.clear(s)
}

// bytes returns the size of a subject's sessions: in its server, in its file, or else in
// this process.
func (l *lab) bytes(s bench.Subject, app bench.App) (int64, error) {
	if server := l.server(s); server != nil {
		return server.Bytes()
	}
	if file, ok := app.(bench.Filed); ok {
		return file.Bytes()
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), nil
}

// line counts what goes over the line to a subject's server.
func (l *lab) line(s bench.Subject) error {
	if s.Needs == nil {
		return nil
	}
	meter, err := bench.NewMeter(s.Needs, l.addr(s))
	if err != nil {
		return err
	}
	defer meter.Close()
	app, err := s.Open(meter.Addr())
	if err != nil {
		return err
	}
	defer app.Close()
	for _, c := range bench.Cases() {
		if !app.Can(c) {
			continue
		}
		guest, err := bench.NewGuest(app, c)
		if err != nil {
			return err
		}
		start := meter.Read()
		for range lineVisits {
			guest.Visit()
		}
		r := meter.Since(start)
		for m, v := range map[metric]int64{commands: r.Commands, trips: r.Trips, sent: r.Sent, received: r.Received} {
			l.results.add(key{s.Name(), c, 0, m}, float64(v)/lineVisits)
		}
	}
	return nil
}
