package msgplan

import (
	"reflect"
	"unsafe"
)

// A pointer is the node of a type of pointers.
type pointer struct {
	to   reflect.Type
	elem node
}

func (n *pointer) encode(w *writer, p unsafe.Pointer, depth int) bool {
	to := pointerAt(p)
	if to == nil {
		return w.null()
	}
	if m, ok := n.elem.(*marshalled); ok {
		return m.encodeBehind(w, to)
	}
	return n.elem.encode(w, to, depth)
}

func (n *pointer) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	to := reflect.New(n.to).UnsafePointer()
	*(*unsafe.Pointer)(p) = to
	return n.elem.decode(r, to, depth)
}
