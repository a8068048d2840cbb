package deep

import (
	"encoding/json"
	"hash/maphash"
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A pointer is the node of a type of pointers.
type pointer struct {
	facts
	elem       node
	toNullable bool // codecs write a pointer to elem's nil as nil too
}

func newPointer(t reflect.Type, elem node) node {
	e, toNullable := elem.about(), nullable(t.Elem())
	return &pointer{facts{typ: t, normalizes: e.normalizes || toNullable, verifies: e.verifies}, elem, toNullable}
}

func (n *pointer) unshare(p unsafe.Pointer) {
	if pointerAt(p) == nil {
		return
	}
	copied := reflect.New(n.typ.Elem())
	copied.Elem().Set(valueAt(n.typ, p).Elem())
	n.elem.unshare(copied.UnsafePointer())
	*(*unsafe.Pointer)(p) = copied.UnsafePointer()
}

func (n *pointer) equal(a, b unsafe.Pointer) bool {
	x, y := pointerAt(a), pointerAt(b)
	return x == y || x != nil && y != nil && n.elem.equal(x, y) || n.toNullable && isNull(n.typ, a) && isNull(n.typ, b)
}

func (n *pointer) hash(h *maphash.Hash, p unsafe.Pointer) {
	if to := pointerAt(p); to != nil && !(n.toNullable && isNull(n.typ, p)) {
		h.WriteByte(1)
		n.elem.hash(h, to)
	}
}

func (n *pointer) normalize(p unsafe.Pointer) {
	if to := pointerAt(p); to != nil {
		n.elem.normalize(to)
	}
	if n.toNullable && isNull(n.typ, p) {
		*(*unsafe.Pointer)(p) = nil
	}
}

func (n *pointer) verify(w *walk, p unsafe.Pointer, depth int) bool {
	to := pointerAt(p)
	if to == nil {
		return true
	}
	elem := n.elem
	if r, ok := elem.(*recursion); ok {
		elem = r.node
	}
	if o, ok := elem.(*own); ok {
		return o.verifyBehind(w, to, depth, true)
	}
	return elem.verify(w, to, depth)
}

func (n *pointer) changes(paths []string, path string, a, b unsafe.Pointer) []string {
	if x, y := pointerAt(a), pointerAt(b); x != nil && y != nil && n.typ.Elem().Kind() == reflect.Struct {
		return n.elem.changes(paths, path, x, y)
	}
	return n.facts.changes(paths, path, a, b)
}

// isNull reports whether codecs write the value at p as nil: it is nil, or a
// pointer to such a value. Its type t must be nullable.
func isNull(t reflect.Type, p unsafe.Pointer) bool {
	if t == rawType {
		return compacted(*(*json.RawMessage)(p)) == nil
	}
	to := pointerAt(p)
	return to == nil || t.Kind() == reflect.Pointer && nullable(t.Elem()) && isNull(t.Elem(), to)
}

// nullable reports whether codecs write t's nil as nil. A type that encodes itself
// may have another form for it.
func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return t == rawType || !typeinfo.Of(t).EncodesItself()
	}
	return false
}
