package deep

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"time"
	"unsafe"
)

// immutable lists types with hidden state that assignment copies all the same,
// since nobody can change what it points to.
var immutable = map[reflect.Type]func(a, b unsafe.Pointer) bool{
	reflect.TypeFor[netip.Addr]():     same[netip.Addr],
	reflect.TypeFor[netip.AddrPort](): same[netip.AddrPort],
	reflect.TypeFor[netip.Prefix]():   same[netip.Prefix],
	reflect.TypeFor[time.Time](): func(a, b unsafe.Pointer) bool {
		return (*time.Time)(a).Equal(*(*time.Time)(b))
	},
}

// known fills the node of a type that is handled by what it is rather than by
// its kind, and reports whether it is one.
func known(n *node) bool {
	if n.typ == rawType {
		raw(n)
		return true
	}
	equal, ok := immutable[n.typ]
	if !ok {
		return false
	}
	n.flat, n.unshare, n.equal = true, func(unsafe.Pointer) {}, equal
	if n.typ == reflect.TypeFor[time.Time]() {
		n.normalize = func(p unsafe.Pointer) { *(*time.Time)(p) = (*time.Time)(p).UTC() } // which drops the monotonic reading too
	}
	return true
}

// opaque fills the node of a struct with hidden state: it is copied by
// assignment if it points to nothing, else through its own marshaler. It is
// compared in whole, or by its encoding. Its method Equal is asked only if its
// encoding is unknown here: it may call values equal that are stored differently.
func opaque(n *node, flat bool) {
	pair := marshaler(n.typ)
	n.lost = !encodesItself(n.typ)
	n.equal = equality(n.typ, pair)
	n.unshare = func(unsafe.Pointer) {}
	if flat || pair == nil {
		n.flat, n.shares = true, !flat
		return
	}
	n.unshare = pair.copy(n.typ)
	n.verify = func(w *walk, p unsafe.Pointer, _ int) bool {
		_, w.err = pair.marshal(reflect.NewAt(n.typ, p).Interface())
		return w.err == nil
	}
}

func equality(t reflect.Type, pair *marshalers) func(a, b unsafe.Pointer) bool {
	if m, ok := reflect.PointerTo(t).MethodByName("Equal"); ok && pair == nil && isFunc(m.Type, []reflect.Type{reflect.PointerTo(t), t}, reflect.TypeFor[bool]()) {
		return func(a, b unsafe.Pointer) bool {
			return reflect.NewAt(t, a).Method(m.Index).Call([]reflect.Value{at(t, b)})[0].Bool()
		}
	}
	if t.Comparable() || pair == nil {
		return func(a, b unsafe.Pointer) bool {
			return reflect.DeepEqual(reflect.NewAt(t, a).Interface(), reflect.NewAt(t, b).Interface())
		}
	}
	return func(a, b unsafe.Pointer) bool {
		x, errX := pair.marshal(reflect.NewAt(t, a).Interface())
		y, errY := pair.marshal(reflect.NewAt(t, b).Interface())
		return errX == nil && errY == nil && bytes.Equal(x, y)
	}
}

// cloner returns a function that replaces a value by its own Clone, or nil if t
// has no method Clone() t.
func cloner(t reflect.Type) func(unsafe.Pointer) {
	recv := reflect.PointerTo(t)
	if t.Kind() == reflect.Pointer {
		recv = t
	}
	m, ok := recv.MethodByName("Clone")
	if !ok || t.Kind() == reflect.Interface || !isFunc(m.Type, []reflect.Type{recv}, t) {
		return nil
	}
	return func(p unsafe.Pointer) {
		self, v := reflect.NewAt(t, p), at(t, p)
		if t.Kind() == reflect.Pointer {
			if self = v; v.IsNil() {
				return
			}
		}
		v.Set(self.Method(m.Index).Call(nil)[0])
	}
}

func isFunc(t reflect.Type, in []reflect.Type, out reflect.Type) bool {
	if t.NumIn() != len(in) || t.NumOut() != 1 || t.Out(0) != out {
		return false
	}
	for i := range in {
		if t.In(i) != in[i] {
			return false
		}
	}
	return true
}

// marshalers are the two ways between a value, given by its address, and bytes.
type marshalers struct {
	marshal   func(ptr any) ([]byte, error)
	unmarshal func(ptr any, data []byte) error
}

// marshaler returns t's own marshalers, or nil. The pairs that only the
// msgpack module knows are not among them.
func marshaler(t reflect.Type) *marshalers {
	ptr := reflect.PointerTo(t)
	switch {
	case implements[encoding.BinaryMarshaler, encoding.BinaryUnmarshaler](ptr):
		return &marshalers{
			func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
			func(v any, b []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(b) },
		}
	case implements[encoding.TextMarshaler, encoding.TextUnmarshaler](ptr):
		return &marshalers{
			func(v any) ([]byte, error) { return v.(encoding.TextMarshaler).MarshalText() },
			func(v any, b []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(b) },
		}
	case implements[json.Marshaler, json.Unmarshaler](ptr):
		return &marshalers{
			func(v any) ([]byte, error) { return v.(json.Marshaler).MarshalJSON() },
			func(v any, b []byte) error { return v.(json.Unmarshaler).UnmarshalJSON(b) },
		}
	}
	return nil
}

func implements[M, U any](ptr reflect.Type) bool {
	return ptr.Implements(reflect.TypeFor[M]()) && ptr.Implements(reflect.TypeFor[U]())
}

// copy returns a function that takes a value through its bytes and back. It
// panics only if the marshaler, which [Plan.Verify] asked before, does not
// agree with itself.
func (m *marshalers) copy(t reflect.Type) func(unsafe.Pointer) {
	return func(p unsafe.Pointer) {
		if at(t, p).IsZero() { // which a marshaler may refuse, and which shares nothing
			return
		}
		fresh := reflect.New(t)
		data, err := m.marshal(reflect.NewAt(t, p).Interface())
		if err == nil {
			err = m.unmarshal(fresh.Interface(), data)
		}
		if err != nil {
			panic(fmt.Sprintf("session: %v values cannot be copied through its own marshaler: %v", t, err))
		}
		at(t, p).Set(fresh.Elem())
	}
}
