package deep

import (
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// An omitter reports whether a codec may leave out the field at p, which then
// comes back as zero.
type omitter func(p unsafe.Pointer) bool

// omits returns the omitter of a field. It is nil if codecs leave the field out
// only when it is zero.
func omits(f *typeinfo.Field) omitter {
	empty, zero := f.Omits()
	t := f.Type
	switch {
	case zero && reflect.PointerTo(t).Implements(reflect.TypeFor[typeinfo.Zeroer]()) && t.Kind() != reflect.Pointer:
		return func(p unsafe.Pointer) bool { return typeinfo.IsZero(reflect.NewAt(t, p)) }
	case zero && t.Kind() == reflect.Pointer && t.Implements(reflect.TypeFor[typeinfo.Zeroer]()):
		return func(p unsafe.Pointer) bool { return typeinfo.IsZero(valueAt(t, p)) }
	case empty && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map):
		return func(p unsafe.Pointer) bool { return valueAt(t, p).Len() == 0 }
	}
	return nil
}

// leftOut reports whether the codecs of the view leave out the field if it is zero.
func leftOut(f *typeinfo.Field, v view) bool {
	for _, c := range v.codecs() {
		if tag := f.Tags[c]; !tag.OmitEmpty && !tag.OmitZero {
			return false
		}
	}
	return true
}
