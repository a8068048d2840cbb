package deep

// maxParts bounds how many parts of a value a walk visits. No store could keep a
// value with more, and a value that shares its parts could have 2^64.
const maxParts = 1 << 20

// A walk looks for the reason why a value cannot be copied and stored.
type walk struct {
	budget int   // of parts to visit
	err    error // from the marshaler that refused a part
}

// enter reports whether a part at this depth is within bounds.
func (w *walk) enter(depth int) bool {
	w.budget--
	return depth < MaxDepth && w.budget >= 0
}
