// Package msgplan encodes and decodes MessagePack by a plan that is made once for
// each type. It writes and reads memory directly, and takes one pass.
//
// msgpack/v5 is the reference. Encodings are byte for byte equal to msgpack/v5's with
// compact integers and sorted map keys. A plan knows the types and the data for which it
// can do the same. It gives up on all others, and its caller asks msgpack/v5 instead: on
// an error, a field that comes twice, an integer that does not fit, a time in an old
// format. So a plan has no errors of its own.
//
// The one difference is a pointer to a value whose methods return no data: msgpack/v5
// writes nil, which comes back as a nil pointer, and a plan writes empty data.
//
// Interfaces, structs with unusual tags, and types with methods or registered functions
// that only msgpack/v5 can call are [Foreign]: msgpack/v5 handles each by itself.
//
// Decoding takes memory in proportion to the data: see [reader].
package msgplan

import (
	"reflect"
	"sync"
	"unsafe"
)

// A Plan handles values of one type. It is immutable. The zero Plan always gives up.
type Plan struct{ root node }

// Of returns the plan for t. It is zero if msgpack/v5 must handle t as a whole. It compares
// what its nodes do with what msgpack/v5 does, and leaves to that each type with which they
// do not agree: the program has registered functions for it.
func Of(t reflect.Type, foreign func(reflect.Type) Foreign) Plan {
	c := compiler{foreign: foreign, handed: map[reflect.Type]bool{}}
	for !c.isForeign(t) {
		c.made, c.order = map[reflect.Type]node{}, nil
		root := c.node(t)
		if registered := c.registered(); registered != nil {
			c.handed[registered] = true
			continue
		}
		return Plan{root}
	}
	return Plan{}
}

var (
	writers = sync.Pool{New: func() any { return new(writer) }}
	readers = sync.Pool{New: func() any { return new(reader) }}
)

// Append appends the encoding of the value at v to dst. It reports false if it gave up:
// then only the bytes of dst are valid. The value must not contain itself.
func (p Plan) Append(dst []byte, v unsafe.Pointer) (out []byte, ok bool) {
	if p.root == nil {
		return dst, false
	}
	w := writers.Get().(*writer)
	w.out = dst
	ok = p.root.encode(w, v, 0)
	out, w.out = w.out, nil
	writers.Put(w)
	return out, ok
}

// Decode sets the value at v, which must be zero, to the one value that data holds. It
// reports false if it gave up: then that may hold anything. It keeps no reference to data.
func (p Plan) Decode(data []byte, v unsafe.Pointer) (ok bool) {
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
	ok = p.root.decode(r, v, 0) && r.pos == len(data)
	*r = reader{}
	readers.Put(r)
	return ok
}
