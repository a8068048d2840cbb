// Package fieldsize finds the field that makes an encoded value large.
package fieldsize

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// Largest returns the field of *v that takes the most bytes of its encoding, and how
// many. It encodes each field alone, in a value that is otherwise zero. The name is empty
// if T is not a struct, or if no field adds anything.
//
// It takes about as long as encoding the value once more.
func Largest[T any](c codec.Codec[T], v *T) (name string, size int) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return "", 0
	}
	alone := new(T)
	none, err := encodedSize(c, alone)
	if err != nil {
		return "", 0
	}
	for _, m := range typeinfo.Of(t).Members(typeinfo.MessagePack).List {
		from := reflect.NewAt(m.Type, unsafe.Add(unsafe.Pointer(v), m.Offset)).Elem()
		if from.IsZero() {
			continue
		}
		field := reflect.NewAt(m.Type, unsafe.Add(unsafe.Pointer(alone), m.Offset)).Elem()
		field.Set(from)
		if n, err := encodedSize(c, alone); err == nil && n-none > size {
			name, size = m.Path, n-none
		}
		field.SetZero()
	}
	return name, size
}

// encodedSize returns the length of v's encoding. A marshaler may panic: it need
// not expect a value with a single field set.
func encodedSize[T any](c codec.Codec[T], v *T) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fieldsize: panic: %v", p)
		}
	}()
	data, err := c.Append(nil, v)
	return len(data), err
}
