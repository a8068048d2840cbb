package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// A node is the plan for one type. There is one implementation for each kind of
// type. The methods take addresses of values of that type.
type node interface {
	about() *facts

	// unshare gives *p, a plain copy of another value, memory of its own.
	unshare(p unsafe.Pointer)

	// equal reports whether *a and *b are the same value.
	equal(a, b unsafe.Pointer) bool

	// hash adds *p to h. Equal values add the same.
	hash(h *maphash.Hash, p unsafe.Pointer)

	// normalize brings *p into the form that codecs give it. See Plan.Normalize.
	normalize(p unsafe.Pointer)

	// verify reports whether *p can be copied and stored.
	verify(w *walk, p unsafe.Pointer, depth int) bool

	// changes appends to paths the paths of the fields in which *a and *b differ. They
	// must not be equal.
	changes(paths []string, path string, a, b unsafe.Pointer) []string
}

// facts are the properties of a type. They embed the methods of a node that has
// nothing to do.
type facts struct {
	typ        reflect.Type
	flat       bool // unshare has nothing to do
	normalizes bool // normalize may have something to do
	verifies   bool // verify may return false
	calls      bool // unshare gives an address within the value to code of the type
}

func (f *facts) about() *facts { return f }

func (*facts) unshare(unsafe.Pointer) {}

func (*facts) normalize(unsafe.Pointer) {}

func (*facts) verify(*walk, unsafe.Pointer, int) bool { return true }

func (*facts) changes(paths []string, path string, _, _ unsafe.Pointer) []string {
	if path == "" {
		path = "."
	}
	return append(paths, path)
}

// valueAt returns the value at p, addressable.
func valueAt(t reflect.Type, p unsafe.Pointer) reflect.Value { return reflect.NewAt(t, p).Elem() }

// pointerAt returns the value at p, which is a pointer.
func pointerAt(p unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(p) }
