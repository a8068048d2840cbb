package deep

import (
	"hash/maphash"
	"net/netip"
	"reflect"
	"time"
	"unsafe"
)

// immutable lists types with hidden state that assignment copies all the same,
// since the variable that it points to cannot be changed.
var immutable = map[reflect.Type]func(a, b unsafe.Pointer) bool{
	reflect.TypeFor[netip.Addr]():     same[netip.Addr],
	reflect.TypeFor[netip.AddrPort](): same[netip.AddrPort],
	reflect.TypeFor[netip.Prefix]():   same[netip.Prefix],
	reflect.TypeFor[time.Time](): func(a, b unsafe.Pointer) bool {
		return (*time.Time)(a).Equal(*(*time.Time)(b))
	},
}

// known fills the node of a type that needs handling of its own rather than its
// kind's, and reports whether it is one.
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
	n.mark = func(h *maphash.Hash, p unsafe.Pointer) { maphash.WriteComparable(h, at(n.typ, p).Interface()) }
	if n.typ == reflect.TypeFor[time.Time]() {
		n.mark = func(h *maphash.Hash, p unsafe.Pointer) {
			t := (*time.Time)(p)
			maphash.WriteComparable(h, [2]int64{t.Unix(), int64(t.Nanosecond())})
		}
		n.normalize = func(p unsafe.Pointer) { *(*time.Time)(p) = (*time.Time)(p).UTC() } // which drops the monotonic reading too
	}
	return true
}

// opaque fills the node of a struct with hidden state: it is copied by
// assignment if it points to nothing, else through its own marshaler.
func opaque(n *node, flat bool) {
	pair := marshaler(n.typ)
	n.lost = !EncodesItself(n.typ)
	byEncoding(n)
	n.unshare = func(unsafe.Pointer) {}
	if flat || pair == nil {
		n.flat, n.shares = true, !flat
		return
	}
	n.unshare = pair.copy(n.typ)
	n.verify = func(w *walk, p unsafe.Pointer, _ int) bool {
		_, w.err = pair.bytes(reflect.NewAt(n.typ, p).Interface())
		return w.err == nil
	}
}

// byEncoding lets values of a type that encodes itself be compared by that: they
// are the same if no difference can be seen, or none in their encodings. A method
// Equal is not asked: it may overlook stored parts.
func byEncoding(n *node) {
	pairs := marshalersOf(n.typ)
	if forMsgpack(n.typ) {
		pairs = append(pairs, marshalers{marshal: EncodeMsgpack})
	}
	n.equal = func(a, b unsafe.Pointer) bool {
		x, y := reflect.NewAt(n.typ, a).Interface(), reflect.NewAt(n.typ, b).Interface()
		if reflect.DeepEqual(x, y) {
			return true
		}
		for _, pair := range pairs {
			if !pair.alike(x, y) {
				return false
			}
		}
		return len(pairs) > 0
	}
	n.mark = func(*maphash.Hash, unsafe.Pointer) {} // equal values need not have the same encoding each time
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
