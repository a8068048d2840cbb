package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

const parallelTitle = "Parallel changes of one session"

func parallelText(s scale) string {
	return fmt.Sprintf("Each of n requests in parallel adds one to a number in the same session. The table has how many of them count in the end, the time until all are done and the commands of one, as medians of %d runs.", s.runs)
}

// parallelTable has a line for each subject and a column for each number of
// requests.
func (l *lab) parallelTable(s scale) (string, error) {
	var b strings.Builder
	head := []string{"library, store"}
	for _, n := range s.parallel {
		head = append(head, fmt.Sprint("n = ", n))
	}
	row(&b, head...)
	rule(&b, len(s.parallel))
	for _, subject := range l.subjects {
		if !compares(subject) {
			continue
		}
		cells := []string{subject.Name()}
		for _, n := range s.parallel {
			cell, err := l.parallel(subject, n, s.runs)
			if err != nil {
				return "", fmt.Errorf("%s: %w", subject.Name(), err)
			}
			cells = append(cells, cell)
		}
		row(&b, cells...)
	}
	return b.String(), nil
}

func (l *lab) parallel(s bench.Subject, n, runs int) (string, error) {
	addr, meter := l.addr(s), new(bench.Meter)
	if s.Needs != nil {
		var err error
		if meter, err = bench.NewMeter(s.Needs, addr); err != nil {
			return "", err
		}
		defer meter.Close()
		addr = meter.Addr()
	}
	app, err := s.Open(addr)
	if err != nil {
		return "", err
	}
	defer l.clear(s)
	defer app.Close()
	var kept, took, sent []float64
	for range runs {
		k, t, c, err := changes(app, meter, n)
		if err != nil {
			return "", err
		}
		kept, took, sent = append(kept, float64(k)), append(took, t.Seconds()*1000), append(sent, float64(c)/float64(n))
	}
	cell := fmt.Sprintf("%s, %s ms", count(middle(kept)), decimal(middle(took)))
	if s.Needs != nil {
		cell += ", " + decimal(middle(sent)) + " commands"
	}
	return cell, nil
}

// changes makes n changes of one new session at once. It returns how many are in
// the session afterwards.
func changes(app bench.App, meter *bench.Meter, n int) (kept int, took time.Duration, commands int64, err error) {
	first := app.Visitor(bench.New)
	first.SetCookie("a=b")
	first.Visit()
	_, cookie := first.Response()
	visitors := make([]bench.Visitor, n)
	for i := range visitors {
		visitors[i] = app.Visitor(bench.Change)
		visitors[i].SetCookie(bench.Cookies(cookie))
	}
	before, err := quantity(app, cookie)
	if err != nil {
		return 0, 0, 0, err
	}
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for _, v := range visitors {
		wg.Go(func() {
			<-begin
			v.Visit()
		})
	}
	counted, start := meter.Read(), time.Now()
	close(begin)
	wg.Wait()
	took, commands = time.Since(start), meter.Since(counted).Commands
	after, err := quantity(app, cookie)
	return after - before, took, commands, err
}

func quantity(app bench.App, cookie string) (int, error) {
	v := app.Visitor(bench.Count)
	v.SetCookie(bench.Cookies(cookie))
	v.Visit()
	_, told := v.Response()
	return strconv.Atoi(strings.TrimPrefix(told, "quantity="))
}

// middle returns the median.
func middle(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
