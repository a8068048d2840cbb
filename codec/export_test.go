package codec

import "github.com/seed48429006/sessions/codec/internal/msgplan"

// Unplanned returns the MessagePack codec that leaves all to msgpack/v5.
func Unplanned[T any]() Codec[T] {
	c := MessagePack[T]().(*messagePack[T])
	c.encoding = msgplan.Plan[T]{}
	return c
}

// Planned returns the encoding of *v by the plan for T, and whether the plan made
// it and read it again.
func Planned[T any](v *T) (data []byte, ok bool) {
	p := planOf[T]()
	data, ok = p.Append(nil, v)
	return data, ok && p.Decode(data, new(T))
}

// PlanReads reports whether the plan for T reads data.
func PlanReads[T any](data []byte) bool { return planOf[T]().Decode(data, new(T)) }
