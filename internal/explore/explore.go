// Package explore enumerates the ways in which a run can go.
package explore

import (
	"fmt"
	"strconv"
	"strings"
)

// An Explorer enumerates runs, depth first. Each run repeats the choices of the run
// before it up to one, takes the next possibility there, and the first one at each
// choice after it. The zero Explorer begins with the first run.
type Explorer struct {
	path  []choice
	depth int // of the next choice

	// Diverged reports whether the same choices led to other possibilities.
	Diverged bool
}

// A choice is which of several possibilities was taken.
type choice struct{ taken, of int }

// Choose returns the index of the possibility to take, of n.
func (e *Explorer) Choose(n int) int {
	if n == 1 {
		return 0
	}
	if e.depth == len(e.path) {
		e.path = append(e.path, choice{0, n})
	}
	c := &e.path[e.depth]
	e.depth++
	if c.of == 0 { // of a path that was parsed
		c.of = n
	}
	if c.of != n || c.taken >= n {
		e.Diverged = true
		return 0
	}
	return c.taken
}

// Next prepares the next run. It reports whether there is one.
func (e *Explorer) Next() bool {
	e.depth = 0
	for len(e.path) > 0 {
		last := &e.path[len(e.path)-1]
		if last.taken++; last.taken < last.of {
			return true
		}
		e.path = e.path[:len(e.path)-1]
	}
	return false
}

// String returns the choices of the run: "1.0.2". [Parse] reads them.
func (e *Explorer) String() string {
	if len(e.path) == 0 {
		return "0"
	}
	parts := make([]string, len(e.path))
	for i, c := range e.path {
		parts[i] = strconv.Itoa(c.taken)
	}
	return strings.Join(parts, ".")
}

// Parse returns an explorer that begins with the run of these choices.
func Parse(choices string) (*Explorer, error) {
	e := new(Explorer)
	for part := range strings.SplitSeq(choices, ".") {
		taken, err := strconv.Atoi(part)
		if err != nil || taken < 0 {
			return nil, fmt.Errorf("%q is no list of choices, such as 1.0.2", choices)
		}
		e.path = append(e.path, choice{taken: taken})
	}
	return e, nil
}
