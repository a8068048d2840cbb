package deep

import (
	"hash/maphash"
	"reflect"
	"slices"
	"unsafe"
)

// A slice is the node of a type of slices.
type slice struct {
	facts
	elems run
}

func newSlice(t reflect.Type, elem node) node {
	e := elem.about()
	return &slice{facts{typ: t, normalizes: e.normalizes, verifies: e.verifies}, newRun(elem)}
}

// sliceHeader is the layout of a slice in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

func (n *slice) unshare(p unsafe.Pointer) {
	if n.elems.typ.Kind() == reflect.String {
		s := (*[]string)(p)
		*s = slices.Clone(*s)
		return
	}
	cloneSlice(n.typ, p)
	if !n.elems.flat {
		h := (*sliceHeader)(p)
		n.elems.unshare(h.data, h.len)
	}
}

// cloneSlice gives the slice at p an array of its own. Nil stays nil, and empty
// stays empty. Grow allocates once, MakeSlice twice.
func cloneSlice(t reflect.Type, p unsafe.Pointer) {
	s := (*sliceHeader)(p)
	old := *s
	switch {
	case old.data == nil:
		return
	case old.len == 0:
		*s = sliceHeader{data: unsafe.Pointer(new(struct{}))}
		return
	}
	*s = sliceHeader{}
	copied := valueAt(t, p)
	copied.Grow(old.len)
	s.len, s.cap = old.len, old.len
	reflect.Copy(copied, valueAt(t, unsafe.Pointer(&old)))
}

func (n *slice) equal(a, b unsafe.Pointer) bool {
	x, y := (*sliceHeader)(a), (*sliceHeader)(b)
	return x.len == y.len && (x.data == nil) == (y.data == nil) && n.elems.equal(x.data, y.data, x.len)
}

func (n *slice) hash(h *maphash.Hash, p unsafe.Pointer) {
	s := (*sliceHeader)(p)
	maphash.WriteComparable(h, s.len)
	n.elems.hash(h, s.data, s.len)
}

func (n *slice) normalize(p unsafe.Pointer) {
	if s := (*sliceHeader)(p); n.normalizes {
		n.elems.normalize(s.data, s.len)
	}
}

func (n *slice) verify(w *walk, p unsafe.Pointer, depth int) bool {
	s := (*sliceHeader)(p)
	return !n.verifies || s.data == nil || w.enter(depth) && n.elems.verify(w, s.data, s.len, depth+1)
}
