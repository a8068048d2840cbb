package deep

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"unsafe"
)

// An opaque is the node of a struct with hidden state. It is copied by assignment
// if it points to nothing, else through its own marshaler.
type opaque struct {
	facts
	encodings encodings
	copier    *marshalers // nil if copies are made by assignment
}

func newOpaque(t reflect.Type, flat bool) node {
	n := &opaque{facts{typ: t}, encodingsOf(t), marshaler(t)}
	if flat || n.copier == nil {
		n.flat, n.shares, n.copier = true, !flat, nil
	}
	n.verifies, n.calls = n.copier != nil, n.copier != nil
	return n
}

func (n *opaque) equal(a, b unsafe.Pointer) bool {
	return n.encodings.same(reflect.NewAt(n.typ, a).Interface(), reflect.NewAt(n.typ, b).Interface())
}

func (*opaque) hash(*maphash.Hash, unsafe.Pointer) {}

func (n *opaque) verify(w *walk, p unsafe.Pointer, _ int) bool {
	if n.copier == nil {
		return true
	}
	_, w.err = n.copier.bytes(reflect.NewAt(n.typ, p).Interface())
	return w.err == nil
}

// unshare takes the value through its encoding and back. It panics only if the
// marshaler fails after it succeeded for [Plan.Verify].
func (n *opaque) unshare(p unsafe.Pointer) {
	v := valueAt(n.typ, p)
	if n.copier == nil || v.IsZero() { // a marshaler may refuse zero values, which share nothing
		return
	}
	copied := reflect.New(n.typ)
	data, err := n.copier.marshal(v.Addr().Interface())
	if err == nil {
		err = n.copier.unmarshal(copied.Interface(), data)
	}
	if err != nil {
		panic(fmt.Sprintf("session: a %v cannot be copied through its own marshaler: %v", n.typ, err))
	}
	v.Set(copied.Elem())
}
