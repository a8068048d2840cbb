package msgplan

import (
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/deep"
)

// A run handles values that follow one another in memory.
type run struct {
	elem node
	size uintptr
}

func newRun(c *compiler, elem reflect.Type) run { return run{c.node(elem), elem.Size()} }

func (n *run) encodeRun(w *writer, p unsafe.Pointer, count, depth int) bool {
	if depth == deep.MaxDepth {
		return false
	}
	w.arrayHead(count)
	for i := range uintptr(count) {
		if !n.elem.encode(w, unsafe.Add(p, i*n.size), depth+1) {
			return false
		}
	}
	return true
}

func (n *run) decodeRun(r *reader, p unsafe.Pointer, count, depth int) bool {
	for i := range uintptr(count) {
		r.owed--
		if !n.elem.decode(r, unsafe.Add(p, i*n.size), depth+1) {
			return false
		}
	}
	return true
}

// An array is the node of a type of arrays.
type array struct {
	run
	len int
}

func (n *array) encode(w *writer, p unsafe.Pointer, depth int) bool {
	return n.encodeRun(w, p, n.len, depth)
}

// decode leaves the rest of the array zero if the data holds fewer elements.
func (n *array) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.arrayHead(depth)
	return ok && count <= n.len && n.decodeRun(r, p, count, depth)
}

// A slice is the node of a type of slices.
type slice struct {
	run
	typ reflect.Type
}

// sliceHeader is the layout of a slice in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

func (n *slice) encode(w *writer, p unsafe.Pointer, depth int) bool {
	s := (*sliceHeader)(p)
	if s.data == nil {
		return w.null()
	}
	return n.encodeRun(w, s.data, s.len, depth)
}

func (n *slice) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.arrayHead(depth)
	if !ok {
		return false
	}
	s := (*sliceHeader)(p)
	n.allocate(s, count)
	return n.decodeRun(r, s.data, count, depth)
}

// allocate gives the nil slice s so many elements. Grow allocates once, MakeSlice
// twice.
func (n *slice) allocate(s *sliceHeader, count int) {
	if count == 0 {
		s.data = unsafe.Pointer(new(struct{})) // empty, and not nil
		return
	}
	valueAt(n.typ, unsafe.Pointer(s)).Grow(count)
	s.len, s.cap = count, count
}

// A stringSlice is the node of a type of slices of strings.
type stringSlice struct{}

func (stringSlice) encode(w *writer, p unsafe.Pointer, depth int) bool {
	s := *(*[]string)(p)
	if s == nil {
		return w.null()
	}
	if depth == deep.MaxDepth {
		return false
	}
	w.arrayHead(len(s))
	for _, text := range s {
		w.text(text)
	}
	return true
}

func (stringSlice) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.arrayHead(depth)
	if !ok {
		return false
	}
	s := make([]string, count)
	*(*[]string)(p) = s
	for i := range s {
		r.owed--
		if s[i], ok = r.text(); !ok {
			return false
		}
	}
	return true
}
