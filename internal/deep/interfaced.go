package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// An interfaced is the node of an interface type. The node of the value inside is
// looked up each time.
type interfaced struct {
	facts
	view view
}

func newInterfaced(t reflect.Type, v view) node {
	return &interfaced{facts{typ: t, normalizes: true, verifies: true}, v}
}

func (n *interfaced) unshare(p unsafe.Pointer) {
	if v := valueAt(n.typ, p); !v.IsNil() {
		if inner := nodeOf(v.Elem().Type(), n.view); !inner.about().flat {
			replace(v, inner.unshare)
		}
	}
}

func (n *interfaced) normalize(p unsafe.Pointer) {
	if v := valueAt(n.typ, p); !v.IsNil() {
		if inner := nodeOf(v.Elem().Type(), n.view); inner.about().normalizes {
			replace(v, inner.normalize)
		}
	}
}

// replace replaces the value inside v by a copy that change has changed.
func replace(v reflect.Value, change func(unsafe.Pointer)) {
	copied := reflect.New(v.Elem().Type())
	copied.Elem().Set(v.Elem())
	change(copied.UnsafePointer())
	v.Set(copied.Elem())
}

func (n *interfaced) equal(a, b unsafe.Pointer) bool {
	x, y := valueAt(n.typ, a), valueAt(n.typ, b)
	if x.IsNil() || y.IsNil() {
		return x.IsNil() && y.IsNil()
	}
	if x.Elem().Type() != y.Elem().Type() {
		return false
	}
	return nodeOf(x.Elem().Type(), n.view).equal(addressOfCopy(x.Elem()), addressOfCopy(y.Elem()))
}

// hash adds nothing: interfaces are not stored.
func (*interfaced) hash(*maphash.Hash, unsafe.Pointer) {}

func (n *interfaced) verify(w *walk, p unsafe.Pointer, depth int) bool {
	v := valueAt(n.typ, p)
	if v.IsNil() {
		return true
	}
	inner := nodeOf(v.Elem().Type(), n.view)
	return !inner.about().verifies || inner.verify(w, addressOfCopy(v.Elem()), depth)
}

// addressOfCopy returns the address of a copy of v, which is not addressable.
func addressOfCopy(v reflect.Value) unsafe.Pointer {
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	return copied.UnsafePointer()
}
