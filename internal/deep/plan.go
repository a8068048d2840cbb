// Package deep copies, compares and checks values by a plan that is made once
// for each type.
//
// A value is a tree: two pointers to one variable become pointers to two, as
// they would on the way through any codec. What differs from reflect.DeepEqual:
// times are equal when they are the same instant, a NaN equals itself, fields
// that are tagged not to be stored are not looked at, and two values are equal
// that [Plan.Normalize] brings into one form. A type that encodes itself decides
// what it keeps: its values are equal if their encodings are, and tags in it mean
// nothing here.
//
// The plan works on memory directly. Its functions take the address of a value
// of the plan's type; they write only to the value that their doc names.
package deep

import (
	"cmp"
	"errors"
	"reflect"
	"unsafe"
)

// MaxDepth is how deep a value may nest: structs, slices, arrays and maps count.
// Codecs take no more, so that what is stored can be read again.
const MaxDepth = 64

// ErrTooDeep says that a value nests deeper than [MaxDepth], which one that
// contains itself always does, or has more parts than any store could keep.
var ErrTooDeep = errors.New("the value contains itself or nests deeper than 64 levels")

// A Plan handles values of type T. It is immutable.
type Plan[T any] struct{ root node }

// Of returns the plan for T. Plans are made once and kept.
func Of[T any]() Plan[T] { return Plan[T]{nodeOf(reflect.TypeFor[T]())} }

// Copy returns a copy of *v that shares no memory with it. The value must have
// passed [Plan.Verify].
func (p Plan[T]) Copy(v *T) *T {
	copied := new(T)
	*copied = *v
	if !p.root.about().flat {
		p.root.unshare(unsafe.Pointer(copied))
	}
	return copied
}

// Equal reports whether a and b hold the same value.
func (p Plan[T]) Equal(a, b *T) bool {
	return a == b || p.root.equal(unsafe.Pointer(a), unsafe.Pointer(b))
}

// Changes returns the paths of the struct fields in which a and b differ, such
// as "Items" and "Address.City", in the order of their declaration. If T is no
// struct, a difference is reported as ".".
func (p Plan[T]) Changes(a, b *T) []string {
	if p.Equal(a, b) {
		return nil
	}
	return p.root.changes(nil, "", unsafe.Pointer(a), unsafe.Pointer(b))
}

// Normalize brings *v into the form in which it comes back from any codec: times
// are in UTC and without a monotonic reading, fields that are tagged not to be
// stored are zero, and so are those that are omitted when they are empty, a
// pointer to nil is nil, and raw JSON is compact. Types that encode themselves are
// left as they are.
// It writes to *v and to everything that it points to.
func (p Plan[T]) Normalize(v *T) {
	if p.root.about().normalizes {
		p.root.normalize(unsafe.Pointer(v))
	}
}

// Verify returns an error if *v cannot be copied and stored: [ErrTooDeep], or
// what a part's own marshaler has against it.
func (p Plan[T]) Verify(v *T) error {
	if !p.root.about().verifies {
		return nil
	}
	w := walk{budget: maxParts}
	if p.root.verify(&w, unsafe.Pointer(v), 0) {
		return nil
	}
	return cmp.Or(w.err, ErrTooDeep)
}
