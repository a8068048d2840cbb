package codec

import (
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/codec/internal/msgplan"
)

// Unplanned returns the MessagePack codec that leaves all to msgpack/v5.
func Unplanned[T any]() Codec[T] {
	c := MessagePack[T]().(*messagePack[T])
	c.encoding = msgplan.Plan{}
	return c
}

// Planned returns the encoding of *v by the plan for T, and whether the plan made
// it and read it again.
func Planned[T any](v *T) (data []byte, ok bool) {
	p := planOf(reflect.TypeFor[T]())
	data, ok = p.Append(nil, unsafe.Pointer(v))
	return data, ok && p.Decode(data, unsafe.Pointer(new(T)))
}

// PlanReads reports whether the plan for T reads data.
func PlanReads[T any](data []byte) bool {
	return planOf(reflect.TypeFor[T]()).Decode(data, unsafe.Pointer(new(T)))
}
