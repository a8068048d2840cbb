package codec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// inField returns err, by which data could not be decoded, with the path of the field
// that refuses it. It decodes data into structs of one field each, so it is for errors
// only.
func inField[T any](data []byte, err error) error {
	if _, ok := errors.AsType[*misfit](err); ok {
		return err // it names the field
	}
	if new(walker).walk(data) != nil {
		return err // it is not about a field, and hostile data is refused cheaply
	}
	if path := refusing(data, reflect.TypeFor[T](), nil, func(t reflect.Type) reflect.Type { return t }); path != "" {
		return fmt.Errorf("codec: field %s: %w", path, err)
	}
	return err
}

// refusing returns the path in t, a struct, of the field that refuses data; empty if there
// is none. Outer are the structs that t is in. The path ends where one of them comes
// again: package reflect keeps each type that is made, so their number must not depend on
// the data. Around makes the type of the whole from one in place of t.
func refusing(data []byte, t reflect.Type, outer []reflect.Type, around func(reflect.Type) reflect.Type) string {
	if t.Kind() != reflect.Struct || slices.Contains(outer, t) || typeinfo.Of(t).By(typeinfo.MessagePack) != nil {
		return ""
	}
	outer = append(outer, t)
	for f := range t.Fields() {
		if !f.IsExported() || f.Anonymous {
			continue
		}
		alone := func(t reflect.Type) reflect.Type {
			return around(reflect.StructOf([]reflect.StructField{{Name: f.Name, Type: t, Tag: f.Tag}}))
		}
		whole := alone(f.Type)
		if (&part{numbersOf(whole)}).Decode(data, reflect.New(whole).Elem()) == nil {
			continue
		}
		inner, of, in := f.Type, alone, "."
		switch f.Type.Kind() {
		case reflect.Pointer:
			inner, of = f.Type.Elem(), func(t reflect.Type) reflect.Type { return alone(reflect.PointerTo(t)) }
		case reflect.Slice:
			inner, of, in = f.Type.Elem(), func(t reflect.Type) reflect.Type { return alone(reflect.SliceOf(t)) }, "[]."
		}
		if path := refusing(data, inner, outer, of); path != "" {
			return f.Name + in + path
		}
		return f.Name
	}
	return ""
}
