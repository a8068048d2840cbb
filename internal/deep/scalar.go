package deep

import (
	"reflect"
	"unsafe"
)

// scalar fills the node of a type that holds no other values.
func scalar(n *node) {
	n.flat = true
	n.unshare = func(unsafe.Pointer) {}
	switch n.typ.Kind() {
	case reflect.String:
		n.equal = same[string]
	case reflect.Float32:
		n.equal = sameFloat[float32]
	case reflect.Float64:
		n.equal = sameFloat[float64]
	case reflect.Complex64:
		n.equal = same[complex64]
	case reflect.Complex128:
		n.equal = same[complex128]
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		n.equal, n.lost = same[unsafe.Pointer], true
	default:
		n.equal = sameBits(n.typ.Size())
	}
}

func same[V comparable](a, b unsafe.Pointer) bool { return *(*V)(a) == *(*V)(b) }

// sameFloat holds a NaN equal to a NaN: one that was loaded is no change.
func sameFloat[V float32 | float64](a, b unsafe.Pointer) bool {
	x, y := *(*V)(a), *(*V)(b)
	return x == y || x != x && y != y
}

func sameBits(size uintptr) func(a, b unsafe.Pointer) bool {
	switch size {
	case 1:
		return same[uint8]
	case 2:
		return same[uint16]
	case 4:
		return same[uint32]
	}
	return same[uint64]
}
