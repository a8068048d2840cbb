package interleave

// An explorer chooses the steps of one order after the other, depth first: the
// first steps follow the choices of the last order up to the one that is to be
// another, and from there on takes whatever is first.
type explorer struct {
	path    []choice
	depth   int  // of the next choice
	strayed bool // the same choices led elsewhere
	orders  int
	faulty  int // of the orders
}

// A choice is which of several possibilities was taken.
type choice struct{ taken, of int }

// choose returns which of n possibilities is next.
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
		e.strayed = true
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
