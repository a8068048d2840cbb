package main

import (
	"slices"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// A key names one thing that is measured once in each round.
type key struct {
	subject string
	c       bench.Case
	conns   int // 0 in process
	metric  metric
}

type metric string

const (
	nanoseconds metric = "ns"
	heapBytes   metric = "B"
	allocations metric = "allocs"
	stored      metric = "stored bytes"
	cookieBytes metric = "cookie bytes"
	commands    metric = "commands"
	trips       metric = "round trips"
	sent        metric = "bytes sent"
	received    metric = "bytes received"
	perSecond   metric = "requests/s"
	median      metric = "p50"
	p99         metric = "p99"
	cpu         metric = "CPU of the application"
	serverCPU   metric = "CPU of the server"
	calls       metric = "system calls"
)

type results map[key][]float64

func (r results) add(k key, v float64) { r[k] = append(r[k], v) }

// median reports false if it was never measured.
func (r results) median(k key) (float64, bool) {
	all := slices.Sorted(slices.Values(r[k]))
	if len(all) == 0 {
		return 0, false
	}
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// ratio returns the median of the rounds' ratios, because a disturbed round is disturbed
// on both sides. It reports false if either side was not measured.
func (r results) ratio(of, to key) (float64, bool) {
	a, b := r[of], r[to]
	ratios := results{}
	for i := range min(len(a), len(b)) {
		ratios.add(key{}, a[i]/b[i])
	}
	return ratios.median(key{})
}
