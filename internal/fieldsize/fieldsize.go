// Package fieldsize finds the field that makes an encoded value large.
package fieldsize

import (
	"fmt"
	"reflect"

	"github.com/seed48429006/sessions/codec"
)

// Largest returns the field of *v that takes the most bytes of its encoding, and
// how many. It encodes each field alone, in a value that is otherwise zero. The
// name is empty if T is no struct or pointer to one, or if no field adds anything.
//
// It takes about as long as encoding the value once more.
func Largest[T any](c codec.Codec[T], v *T) (name string, size int) {
	from := reflect.ValueOf(v).Elem()
	if from.Kind() == reflect.Pointer {
		from = from.Elem()
	}
	if from.Kind() != reflect.Struct {
		return "", 0
	}
	alone, to := blankLike[T]()
	none, err := encodedSize(c, alone)
	if err != nil {
		return "", 0
	}
	for _, f := range reflect.VisibleFields(from.Type()) {
		if !settable(from.Type(), f.Index) || from.FieldByIndex(f.Index).IsZero() {
			continue
		}
		field := to.FieldByIndex(f.Index)
		field.Set(from.FieldByIndex(f.Index))
		if n, err := encodedSize(c, alone); err == nil && n-none > size {
			name, size = f.Name, n-none
		}
		field.SetZero()
	}
	return name, size
}

// blankLike returns a zero T, or a pointer to a zero struct if T is one, and the
// struct in it.
func blankLike[T any]() (*T, reflect.Value) {
	v := new(T)
	to := reflect.ValueOf(v).Elem()
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	return v, to
}

// settable reports whether a field counts: it is exported, and on the way to it
// are only unexported structs that T embeds. An exported one counts as a whole.
func settable(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		f := t.Field(i)
		if f.IsExported() || f.Type.Kind() != reflect.Struct {
			return false
		}
		t = f.Type
	}
	return t.Field(index[len(index)-1]).IsExported()
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
