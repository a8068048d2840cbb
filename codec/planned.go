package codec

import (
	"bytes"
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/codec/internal/msgplan"
)

var plans sync.Map // of reflect.Type to msgplan.Plan of the type

// planOf returns the plan by which values of type T are encoded and decoded. It is
// zero if msgpack/v5 must do that, and for types that Check refuses: msgpack/v5
// fails with some of these, and does not return.
func planOf[T any]() msgplan.Plan[T] {
	t := reflect.TypeFor[T]()
	if known, ok := plans.Load(t); ok {
		return known.(msgplan.Plan[T])
	}
	var p msgplan.Plan[T]
	if !msgpackDialect.loses(t) {
		p = msgplan.Of[T](func(t reflect.Type) msgplan.Foreign { return &part{numbersOf(t)} })
	}
	if !agrees(p) {
		p = msgplan.Plan[T]{}
	}
	plans.Store(t, p)
	return p
}

// agrees reports whether the plan and msgpack/v5 do the same with a sample. They do
// not if the program has registered functions with msgpack/v5 for a type in T.
func agrees[T any](p msgplan.Plan[T]) bool {
	sample := msgplan.Sample[T]()
	got, ok := p.Append(nil, sample)
	if !ok {
		return false
	}
	want, err := new(part).Append(nil, reflect.ValueOf(sample).Elem())
	if err != nil || !bytes.Equal(got, want) {
		return false
	}
	v := new(T)
	if !p.Decode(want, v) {
		return false
	}
	again, err := new(part).Append(nil, reflect.ValueOf(v).Elem())
	return err == nil && bytes.Equal(again, want)
}

// A part handles the part of a value that a plan leaves to msgpack/v5.
type part struct{ numbers numbers }

func (f *part) Append(dst []byte, v reflect.Value) ([]byte, error) {
	e := encoders.Get().(*encoder)
	out, err := e.encodeValue(dst, v)
	if err == nil && len(out) <= maxPooled {
		encoders.Put(e)
	}
	return out, err
}

func (f *part) Decode(data []byte, v reflect.Value) error {
	d := decoders.Get().(*decoder)
	err := d.decodeValue(data, v, &f.numbers)
	if err == nil && len(data) <= maxPooled {
		decoders.Put(d)
	}
	return err
}
