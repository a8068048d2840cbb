package interleave

// An explorer enumerates the orders of steps, depth first. Each order repeats the
// choices of the order before it up to one, takes the next possibility there, and
// the first one at each choice after it.
type explorer struct {
	path     []choice
	depth    int  // of the next choice
	diverged bool // the same choices led to other possibilities
	orders   int
	faulty   int // orders with a fault
}

// A choice is which of several possibilities was taken.
type choice struct{ taken, of int }

// choose returns the index of the possibility to take, of n.
func (e *explorer) choose(n int) int {
	if n == 1 {
		return 0
	}
	if e.depth == len(e.path) {
		e.path = append(e.path, choice{0, n})
	}
	c := e.path[e.depth]
	e.depth++
	if c.of != n {
		e.diverged = true
		return 0
	}
	return c.taken
}

// next prepares the next order. It reports whether there is one.
func (e *explorer) next() bool {
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
