package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// An array is the node of a type of arrays.
type array struct {
	facts
	elems run
	len   int
}

func newArray(t reflect.Type, elem node) node {
	f := *elem.about()
	f.typ = t
	return &array{f, newRun(elem), t.Len()}
}

func (n *array) unshare(p unsafe.Pointer) { n.elems.unshare(p, n.len) }

func (n *array) equal(a, b unsafe.Pointer) bool { return n.elems.equal(a, b, n.len) }

func (n *array) hash(h *maphash.Hash, p unsafe.Pointer) { n.elems.hash(h, p, n.len) }

func (n *array) normalize(p unsafe.Pointer) {
	if n.normalizes {
		n.elems.normalize(p, n.len)
	}
}

func (n *array) verify(w *walk, p unsafe.Pointer, depth int) bool {
	return !n.verifies || w.enter(depth) && n.elems.verify(w, p, n.len, depth+1)
}

// A run handles values that follow one another in memory.
type run struct {
	elem node
	typ  reflect.Type
	size uintptr
	flat bool
}

func newRun(elem node) run {
	f := elem.about()
	return run{elem, f.typ, f.typ.Size(), f.flat}
}

func (r *run) unshare(p unsafe.Pointer, count int) {
	for i := range uintptr(count) {
		r.elem.unshare(unsafe.Add(p, i*r.size))
	}
}

func (r *run) equal(a, b unsafe.Pointer, count int) bool {
	for i := range uintptr(count) {
		if !r.elem.equal(unsafe.Add(a, i*r.size), unsafe.Add(b, i*r.size)) {
			return false
		}
	}
	return true
}

func (r *run) hash(h *maphash.Hash, p unsafe.Pointer, count int) {
	for i := range uintptr(count) {
		r.elem.hash(h, unsafe.Add(p, i*r.size))
	}
}

func (r *run) normalize(p unsafe.Pointer, count int) {
	for i := range uintptr(count) {
		r.elem.normalize(unsafe.Add(p, i*r.size))
	}
}

func (r *run) verify(w *walk, p unsafe.Pointer, count, depth int) bool {
	for i := range uintptr(count) {
		if !r.elem.verify(w, unsafe.Add(p, i*r.size), depth) {
			return false
		}
	}
	return true
}
