package deep

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// An omitter reports whether a codec may leave out the field at p, which then
// comes back as zero: its tags say omitempty or omitzero, and it is empty or
// says that it is zero. It is nil for a field that is left out only if it is
// zero already.
type omitter func(p unsafe.Pointer) bool

func omits(f reflect.StructField) omitter {
	empty := tagged(f, "msgpack", "omitempty") || tagged(f, "json", "omitempty")
	asks := tagged(f, "msgpack", "omitempty") || tagged(f, "json", "omitzero")
	t := f.Type
	switch {
	case asks && reflect.PointerTo(t).Implements(reflect.TypeFor[zeroer]()) && t.Kind() != reflect.Pointer:
		return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Interface().(zeroer).IsZero() }
	case asks && t.Kind() == reflect.Pointer && t.Implements(reflect.TypeFor[zeroer]()):
		return func(p unsafe.Pointer) bool {
			return *(*unsafe.Pointer)(p) == nil || at(t, p).Interface().(zeroer).IsZero()
		}
	case empty && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map):
		return func(p unsafe.Pointer) bool { return at(t, p).Len() == 0 }
	}
	return nil
}

type zeroer interface{ IsZero() bool }

// tagged reports whether the field's tag for a codec has an option.
func tagged(f reflect.StructField, codec, option string) bool {
	options := strings.Split(f.Tag.Get(codec), ",")
	return slices.Contains(options[1:], option)
}

// same reports whether the field is the same in the structs at a and b.
func (f *field) same(a, b unsafe.Pointer) bool {
	a, b = f.of(a), f.of(b)
	return f.omitted != nil && f.omitted(a) && f.omitted(b) || f.equal(a, b)
}

// omit makes the field at p zero if a codec may leave it out.
func (f *field) omit(p unsafe.Pointer) {
	if f.omitted(p) {
		at(f.typ, p).SetZero()
	}
}
