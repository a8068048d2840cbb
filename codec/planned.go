package codec

import (
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/codec/internal/msgplan"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

var plans sync.Map // of reflect.Type to msgplan.Plan

// planOf returns the plan by which values of type t are encoded and decoded. It is zero if
// msgpack/v5 must do that, and for types that Check refuses: msgpack/v5 fails with some of
// these, and does not return.
func planOf(t reflect.Type) msgplan.Plan {
	if known, ok := plans.Load(t); ok {
		return known.(msgplan.Plan)
	}
	var p msgplan.Plan
	if len(typeinfo.ProblemsFor(t, typeinfo.MessagePack)) == 0 {
		p = msgplan.Of(t, func(t reflect.Type) msgplan.Foreign { return &part{numbersOf(t)} })
	}
	plans.Store(t, p)
	return p
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
