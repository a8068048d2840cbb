package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// newBasic returns the node of a type whose values hold no others.
func newBasic(t reflect.Type) node {
	f := facts{typ: t, flat: true}
	switch t.Kind() {
	case reflect.String:
		return &basic[string]{f}
	case reflect.Float32:
		return &float[float32]{f}
	case reflect.Float64:
		return &float[float64]{f}
	case reflect.Complex64:
		return &basic[complex64]{f}
	case reflect.Complex128:
		return &basic[complex128]{f}
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return &basic[unsafe.Pointer]{f}
	}
	switch t.Size() {
	case 1:
		return &basic[uint8]{f}
	case 2:
		return &basic[uint16]{f}
	case 4:
		return &basic[uint32]{f}
	}
	return &basic[uint64]{f}
}

// A basic is the node of a type whose values are compared as values of V.
type basic[V comparable] struct{ facts }

func (*basic[V]) equal(a, b unsafe.Pointer) bool { return *(*V)(a) == *(*V)(b) }

func (*basic[V]) hash(h *maphash.Hash, p unsafe.Pointer) { maphash.WriteComparable(h, *(*V)(p)) }

// A float is the node of a type of floats. A NaN equals every NaN: a session that
// loads one has not changed.
type float[V float32 | float64] struct{ facts }

func (*float[V]) equal(a, b unsafe.Pointer) bool {
	x, y := *(*V)(a), *(*V)(b)
	return x == y || x != x && y != y
}

// hash leaves out the numbers of which there are several representations.
func (*float[V]) hash(h *maphash.Hash, p unsafe.Pointer) {
	if f := *(*V)(p); f != 0 && f == f {
		maphash.WriteComparable(h, f)
	}
}
