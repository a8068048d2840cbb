package msgplan

import (
	"bytes"
	"errors"
	"reflect"
)

// ErrPanic is wrapped by the errors of a [Foreign] that stand for a panic.
var ErrPanic = errors.New("panic")

// registered returns the first type whose node does not do as msgpack/v5 does, or nil.
// Parts come before the types that they are parts of.
func (c *compiler) registered() reflect.Type {
	for _, t := range c.order {
		if _, ok := c.made[t].(*foreign); !ok && !c.agrees(t) {
			return t
		}
	}
	return nil
}

// agrees reports whether the node of t and msgpack/v5 do the same with a sample. Two
// failures count as the same. A panic of msgpack/v5 counts as a failure: it panics for
// some maps.
func (c *compiler) agrees(t reflect.Type) bool {
	p, reference, v := Plan{c.made[t]}, c.foreign(t), sample(t)
	got, ok := p.Append(nil, v.UnsafePointer())
	want, err := reference.Append(nil, v.Elem())
	if !ok || err != nil {
		return !ok || errors.Is(err, ErrPanic)
	}
	if !bytes.Equal(got, want) {
		return false
	}
	own, its := reflect.New(t), reflect.New(t)
	if !p.Decode(want, own.UnsafePointer()) || reference.Decode(want, its.Elem()) != nil {
		return encodesItself(t) // a zero value that the type cannot decode
	}
	first, ok := p.Append(nil, own.UnsafePointer())
	second, also := p.Append(nil, its.UnsafePointer())
	return ok && also && bytes.Equal(first, want) && bytes.Equal(second, want)
}
