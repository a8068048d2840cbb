// Package msgplan encodes and decodes MessagePack by a plan that is made once for
// each type. It writes and reads memory directly, and takes one pass.
//
// msgpack/v5 is the reference. Encodings are byte for byte those of msgpack/v5 with
// compact integers and sorted map keys. A plan knows the types and the data for
// which it can do the same. It gives up on all others, and its caller asks
// msgpack/v5 instead: on an error, a field that comes twice, an integer that does
// not fit, a time in an old format. So a plan has no errors of its own.
//
// Parts of a value that encode themselves, interfaces, and structs with unusual tags
// are [Foreign]: msgpack/v5 handles each by itself.
//
// Decoding takes memory in proportion to the data: see [reader].
package msgplan

import (
	"reflect"
	"sync"
	"unsafe"
)

// A Plan handles values of type T. It is immutable. The zero Plan always gives up.
type Plan[T any] struct{ root node }

// Of returns the plan for T. It is zero if msgpack/v5 must handle T as a whole.
func Of[T any](foreign func(reflect.Type) Foreign) Plan[T] {
	t := reflect.TypeFor[T]()
	if isForeign(t) {
		return Plan[T]{}
	}
	c := compiler{made: map[reflect.Type]node{}, foreign: foreign}
	return Plan[T]{c.node(t)}
}

var (
	writers = sync.Pool{New: func() any { return new(writer) }}
	readers = sync.Pool{New: func() any { return new(reader) }}
)

// Append appends the encoding of *v to dst. It reports false if it gave up: then
// only the bytes of dst are valid. *v must not contain itself.
func (p Plan[T]) Append(dst []byte, v *T) (out []byte, ok bool) {
	if p.root == nil {
		return dst, false
	}
	w := writers.Get().(*writer)
	w.out = dst
	ok = p.root.encode(w, unsafe.Pointer(v), 0)
	out, w.out = w.out, nil
	writers.Put(w)
	return out, ok
}

// Decode sets *v, which must be zero, to the one value that data holds. It reports
// false if it gave up: then *v may hold anything. *v keeps no reference to data.
func (p Plan[T]) Decode(data []byte, v *T) (ok bool) {
	if p.root == nil {
		return false
	}
	defer func() {
		if recover() != nil { // as reflect does for a slice of more memory than there can be
			ok = false
		}
	}()
	r := readers.Get().(*reader)
	r.data = data
	ok = p.root.decode(r, unsafe.Pointer(v), 0) && r.pos == len(data)
	*r = reader{}
	readers.Put(r)
	return ok
}
