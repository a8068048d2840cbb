package deep

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/seed48429006/sessions/internal/rules"
)

// EncodeMsgpack encodes a value, given by its address, by the methods that only
// msgpack/v5 knows. Package codec sets it, so that this package need not import
// that module.
var EncodeMsgpack = func(ptr any) ([]byte, error) { return nil, errors.New("there is no encoder") }

// marshalers convert between a value, given by its address, and bytes.
type marshalers struct {
	pair      rules.Pair
	marshal   func(ptr any) ([]byte, error)
	unmarshal func(ptr any, data []byte) error
}

// standardMarshalers are those of the standard library, in the order of preference
// for copies.
var standardMarshalers = []marshalers{
	{
		rules.BinaryPair,
		func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
		func(v any, b []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(b) },
	}, {
		rules.TextPair,
		func(v any) ([]byte, error) { return v.(encoding.TextMarshaler).MarshalText() },
		func(v any, b []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(b) },
	}, {
		rules.JSONPair,
		func(v any) ([]byte, error) { return v.(json.Marshaler).MarshalJSON() },
		func(v any, b []byte) error { return v.(json.Unmarshaler).UnmarshalJSON(b) },
	},
}

// marshaler returns the marshalers through which values of type t are copied, or nil.
func marshaler(t reflect.Type) *marshalers {
	for i := range standardMarshalers {
		if m := &standardMarshalers[i]; m.pair.Of(t) {
			return m
		}
	}
	return nil
}

// bytes returns the encoding of a value. A panic of the marshaler is an error: it
// need not expect a zero value.
func (m *marshalers) bytes(ptr any) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a marshaler: %v", p)
		}
	}()
	return m.marshal(ptr)
}

// encodings compare values of a type by its own marshalers.
type encodings struct {
	typ   reflect.Type
	pairs []marshalers
}

func encodingsOf(t reflect.Type) encodings {
	e := encodings{typ: t}
	for _, m := range standardMarshalers {
		if m.pair.Of(t) {
			e.pairs = append(e.pairs, m)
		}
	}
	if rules.ForMessagePack(t) {
		e.pairs = append(e.pairs, marshalers{marshal: EncodeMsgpack})
	}
	return e
}

// same reports whether the values at x and y, given by their addresses, differ in
// no part or have the same encodings.
func (e *encodings) same(x, y any) bool {
	if reflect.DeepEqual(x, y) {
		return true
	}
	for _, m := range e.pairs {
		a, errA := m.bytes(x)
		b, errB := m.bytes(y)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			return false
		}
	}
	return len(e.pairs) > 0
}
