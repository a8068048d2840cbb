package msgplan

import (
	"math"
	"unsafe"
)

// A boolean is the node of a type of bools.
type boolean struct{}

func (boolean) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.bool(*(*bool)(p))
	return true
}

func (boolean) decode(r *reader, p unsafe.Pointer, _ int) bool {
	c, ok := r.code()
	switch c {
	case codeNil, codeFalse:
	case codeTrue:
		*(*bool)(p) = true
	default:
		return false
	}
	return ok
}

// A text is the node of a type of strings.
type text struct{}

func (text) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.text(*(*string)(p))
	return true
}

func (text) decode(r *reader, p unsafe.Pointer, _ int) (ok bool) {
	*(*string)(p), ok = r.text()
	return ok
}

// A signed is the node of a type of integers.
type signed[V int | int8 | int16 | int32 | int64] struct{}

func (signed[V]) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.int(int64(*(*V)(p)))
	return true
}

func (signed[V]) decode(r *reader, p unsafe.Pointer, _ int) bool {
	n, large, ok := r.integer()
	*(*V)(p) = V(n)
	return ok && !large && int64(V(n)) == n
}

// An unsigned is the node of a type of integers that are not negative.
type unsigned[V uint | uint8 | uint16 | uint32 | uint64] struct{}

func (unsigned[V]) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.uint(uint64(*(*V)(p)))
	return true
}

func (unsigned[V]) decode(r *reader, p unsafe.Pointer, _ int) bool {
	n, large, ok := r.integer()
	*(*V)(p) = V(n)
	return ok && (large || n >= 0) && uint64(V(n)) == uint64(n)
}

// A float32s is the node of a type of float32. Like float64s, it gives up on integers,
// and on a float64 that does not fit.
type float32s struct{}

func (float32s) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.fixed(codeFloat32, 4, uint64(math.Float32bits(*(*float32)(p))))
	return true
}

func (float32s) decode(r *reader, p unsafe.Pointer, _ int) bool {
	if r.null() {
		return true
	}
	var wide float64
	ok := float64s{}.decode(r, unsafe.Pointer(&wide), 0)
	narrow := float32(wide)
	*(*float32)(p) = narrow
	return ok && (float64(narrow) == wide || wide != wide)
}

// A float64s is the node of a type of float64.
type float64s struct{}

func (float64s) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.fixed(codeFloat64, 8, math.Float64bits(*(*float64)(p)))
	return true
}

func (float64s) decode(r *reader, p unsafe.Pointer, _ int) bool {
	if r.null() {
		return true
	}
	c, _ := r.code()
	switch c {
	case codeFloat32:
		bits, ok := r.fixed(4)
		*(*float64)(p) = float64(math.Float32frombits(uint32(bits)))
		return ok
	case codeFloat64:
		bits, ok := r.fixed(8)
		*(*float64)(p) = math.Float64frombits(bits)
		return ok
	}
	return false
}
