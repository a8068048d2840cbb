package msgplan

import (
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
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
func (c *compiler) isForeign(t reflect.Type) bool {
	switch {
	case c.handed[t]:
		return true
	case t == timeType:
		return false
	case encodesItself(t):
		return marshalledBy(t) == nil
	}
	switch t.Kind() {
	case reflect.Struct:
		_, ok := membersOf(t)
		return !ok
	case reflect.Pointer:
		return pointsToPointers(t)
	case reflect.Slice, reflect.Array, reflect.Map:
		return false
	}
	return basics[t.Kind()] == nil
}

// pointsToPointers reports whether t is a pointer that leads to itself, or through very
// many others: no byte of data stands for such a pointer.
func pointsToPointers(t reflect.Type) bool {
	for range 8 {
		if t.Kind() != reflect.Pointer {
			return false
		}
		t = t.Elem()
	}
	return true
}

// encodesItself reports whether msgpack/v5 calls a method of t to encode or to decode.
func encodesItself(t reflect.Type) bool {
	own := typeinfo.Of(t).Own(typeinfo.MessagePack)
	return own.To != nil || own.From != nil
}

// marshalledBy returns the pair of methods by which a plan stores t as bytes, or nil.
func marshalledBy(t reflect.Type) *typeinfo.Pair {
	if p := typeinfo.Of(t).By(typeinfo.MessagePack); p == typeinfo.BinaryPair || p == typeinfo.TextPair {
		return p
	}
	return nil
}

// maxMembers is how many fields a structure can have: it keeps a bit for each.
const maxMembers = 64

// membersOf returns the fields that msgpack/v5 stores for the struct type t. It reports
// false if t has one for which msgpack/v5 has rules of its own.
func membersOf(t reflect.Type) (m *typeinfo.Members, ok bool) {
	m = typeinfo.Of(t).Members(typeinfo.MessagePack)
	if !m.Sound() || len(m.List) > maxMembers {
		return m, false
	}
	for i := range m.List {
		if m.List[i].Omit {
			if _, ok := omitterOf(m.List[i].Type); !ok {
				return m, false
			}
		}
	}
	return m, true
}
