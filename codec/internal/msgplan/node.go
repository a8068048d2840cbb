package msgplan

import (
	"reflect"
	"unsafe"
)

// A node is the plan for one type. There is one implementation for each kind of
// type. The methods take addresses of values of that type, and how many structs,
// slices, arrays and maps are around the value. They report false to give up.
type node interface {
	encode(w *writer, p unsafe.Pointer, depth int) bool

	// decode sets the value at p, which is zero. It must not count on that the
	// bytes after r.pos are MessagePack.
	decode(r *reader, p unsafe.Pointer, depth int) bool
}

// valueAt returns the value at p, addressable.
func valueAt(t reflect.Type, p unsafe.Pointer) reflect.Value { return reflect.NewAt(t, p).Elem() }

// pointerAt returns the value at p, which is a pointer.
func pointerAt(p unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(p) }
