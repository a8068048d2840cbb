package deep

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// marshalers are the two ways between a value, given by its address, and bytes.
type marshalers struct {
	marshal   func(ptr any) ([]byte, error)
	unmarshal func(ptr any, data []byte) error
}

// marshaler returns the marshalers of t through which it is copied, or nil.
func marshaler(t reflect.Type) *marshalers {
	if pairs := marshalersOf(t); len(pairs) > 0 {
		return &pairs[0]
	}
	return nil
}

// marshalersOf returns t's own marshalers. The pairs that only the msgpack module
// knows are not among them.
func marshalersOf(t reflect.Type) (pairs []marshalers) {
	ptr := reflect.PointerTo(t)
	if implements[encoding.BinaryMarshaler, encoding.BinaryUnmarshaler](ptr) {
		pairs = append(pairs, marshalers{
			func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
			func(v any, b []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(b) },
		})
	}
	if forText(ptr) {
		pairs = append(pairs, marshalers{
			func(v any) ([]byte, error) { return v.(encoding.TextMarshaler).MarshalText() },
			func(v any, b []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(b) },
		})
	}
	if implements[json.Marshaler, json.Unmarshaler](ptr) {
		pairs = append(pairs, marshalers{
			func(v any) ([]byte, error) { return v.(json.Marshaler).MarshalJSON() },
			func(v any, b []byte) error { return v.(json.Unmarshaler).UnmarshalJSON(b) },
		})
	}
	return pairs
}

// EncodeMsgpack returns the encoding of a value by the methods that only the msgpack
// module knows. Package codec sets it; without, there is none.
var EncodeMsgpack = func(ptr any) ([]byte, error) { return nil, errors.New("there is no encoder") }

func forText(ptr reflect.Type) bool {
	return implements[encoding.TextMarshaler, encoding.TextUnmarshaler](ptr)
}

// forMsgpack reports whether t has a pair that only the msgpack module knows.
func forMsgpack(t reflect.Type) bool {
	ptr := reflect.PointerTo(t)
	for _, pair := range [][2]string{{"EncodeMsgpack", "DecodeMsgpack"}, {"MarshalMsgpack", "UnmarshalMsgpack"}} {
		_, to := ptr.MethodByName(pair[0])
		_, from := ptr.MethodByName(pair[1])
		if to && from {
			return true
		}
	}
	return false
}

// EncodesItself reports whether t has marshalers that a codec asks before it
// looks at fields. Which codec asks which is for the codec to check.
func EncodesItself(t reflect.Type) bool { return forMsgpack(t) || marshaler(t) != nil }

// alwaysEncodesItself reports whether no codec looks at the parts of a t.
func alwaysEncodesItself(t reflect.Type) bool {
	ptr := reflect.PointerTo(t)
	return forText(ptr) || implements[json.Marshaler, json.Unmarshaler](ptr) &&
		(forMsgpack(t) || implements[encoding.BinaryMarshaler, encoding.BinaryUnmarshaler](ptr))
}

func implements[M, U any](ptr reflect.Type) bool {
	return ptr.Implements(reflect.TypeFor[M]()) && ptr.Implements(reflect.TypeFor[U]())
}

// bytes returns the encoding of a value. Its marshaler may panic: not all expect a
// zero value.
func (m *marshalers) bytes(ptr any) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a marshaler: %v", p)
		}
	}()
	return m.marshal(ptr)
}

// alike reports whether two values have one encoding.
func (m *marshalers) alike(x, y any) bool {
	a, errA := m.bytes(x)
	b, errB := m.bytes(y)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// copy returns a function that takes a value through its bytes and back. It
// panics only if the marshaler, which [Plan.Verify] asked before, does not
// agree with itself.
func (m *marshalers) copy(t reflect.Type) func(unsafe.Pointer) {
	return func(p unsafe.Pointer) {
		if at(t, p).IsZero() { // which a marshaler may refuse, and which shares nothing
			return
		}
		fresh := reflect.New(t)
		data, err := m.marshal(reflect.NewAt(t, p).Interface())
		if err == nil {
			err = m.unmarshal(fresh.Interface(), data)
		}
		if err != nil {
			panic(fmt.Sprintf("session: a %v cannot be copied through its own marshaler: %v", t, err))
		}
		at(t, p).Set(fresh.Elem())
	}
}
