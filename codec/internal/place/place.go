// Package place tells codecs in which record they store a value.
package place

import "github.com/seed48429006/sessions/session"

// A Place is the record that holds a value. The zero Place means none.
type Place struct {
	Type string     // the name of the record's type
	ID   session.ID // the record's ID
	Head [3][]byte  // the parts before the value that stay as long as it does
}

// Append appends bytes that no other place has.
func (p Place) Append(dst []byte) []byte {
	if p.Head[0] == nil {
		return dst
	}
	dst = append(dst, p.ID[:]...)
	for _, part := range p.Head {
		dst = append(dst, part...)
	}
	return append(dst, p.Type...)
}

// A Binder is a codec that can bind values to their place, or passes the place on
// to a codec inside.
type Binder[T any] interface {
	AppendAt(dst []byte, v *T, at Place) ([]byte, error)
	DecodeAt(data []byte, v *T, at Place) error
}

// A codec is a codec.Codec.
type codec[T any] interface {
	Append(dst []byte, v *T) ([]byte, error)
	Decode(data []byte, v *T) error
}

// Encode appends the encoding of *v at the place to dst.
func Encode[T any](c codec[T], dst []byte, v *T, at Place) ([]byte, error) {
	if b, ok := c.(Binder[T]); ok {
		return b.AppendAt(dst, v, at)
	}
	return c.Append(dst, v)
}

// Decode sets *v to the value that data holds at the place.
func Decode[T any](c codec[T], data []byte, v *T, at Place) error {
	if b, ok := c.(Binder[T]); ok {
		return b.DecodeAt(data, v, at)
	}
	return c.Decode(data, v)
}
