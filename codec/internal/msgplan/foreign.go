package msgplan

import (
	"encoding"
	"reflect"
	"slices"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

// A Foreign handles one type by msgpack/v5. Its methods do not panic.
type Foreign interface {
	// Append appends the encoding of v, which is addressable, to dst.
	Append(dst []byte, v reflect.Value) ([]byte, error)

	// Decode sets v, which is zero, to the one value that data holds. It checks data
	// before it takes memory.
	Decode(data []byte, v reflect.Value) error
}

// A foreign is the node of a type that is left to msgpack/v5.
type foreign struct {
	typ   reflect.Type
	codec Foreign
}

func (n *foreign) encode(w *writer, p unsafe.Pointer, depth int) bool {
	begin := len(w.out)
	out, err := n.codec.Append(w.out, valueAt(n.typ, p))
	if err != nil {
		return false
	}
	w.out = out
	r := reader{data: out[begin:]}
	return r.skip(depth) && r.pos == len(r.data) // the type may have written anything
}

func (n *foreign) decode(r *reader, p unsafe.Pointer, depth int) bool {
	begin := r.pos
	return r.skip(depth) && n.codec.Decode(r.data[begin:r.pos], valueAt(n.typ, p)) == nil
}

// isForeign reports whether msgpack/v5 must handle t.
func isForeign(t reflect.Type) bool {
	if t == timeType {
		return false
	}
	if encodesItself(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Struct:
		_, ok := membersOf(t)
		return !ok
	case reflect.Map: // its parts have no addresses in msgpack/v5, but they have in a plan
		return holdsForeign(t.Key()) || holdsForeign(t.Elem())
	case reflect.Pointer:
		return pointsToPointers(t)
	case reflect.Slice, reflect.Array:
		return false
	}
	return basics[t.Kind()] == nil
}

// holdsForeign reports whether a t has a foreign part in its own memory, that is,
// without the memory to which it points.
func holdsForeign(t reflect.Type) bool {
	switch {
	case t.Kind() == reflect.Map, t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
		return encodesItself(t)
	case isForeign(t):
		return true
	case t.Kind() == reflect.Array:
		return holdsForeign(t.Elem())
	case t.Kind() == reflect.Struct && t != timeType:
		members, _ := membersOf(t)
		return slices.ContainsFunc(members.list, func(m member) bool { return holdsForeign(m.typ) })
	}
	return false
}

// pointsToPointers reports whether t is a pointer that leads to itself, or through
// very many others: no byte of data stands for one of those.
func pointsToPointers(t reflect.Type) bool {
	for range 8 {
		if t.Kind() != reflect.Pointer {
			return false
		}
		t = t.Elem()
	}
	return true
}

// own are the methods by which msgpack/v5 lets types encode themselves.
var own = []reflect.Type{
	reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.CustomDecoder](),
	reflect.TypeFor[msgpack.Marshaler](), reflect.TypeFor[msgpack.Unmarshaler](),
	reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
}

// encodesItself reports whether t or *t has one of those methods.
func encodesItself(t reflect.Type) bool {
	for _, method := range own {
		if t.Implements(method) || reflect.PointerTo(t).Implements(method) {
			return true
		}
	}
	return false
}
