package msgplan

import (
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// An omitter reports whether msgpack/v5 leaves out the field at p, whose tag has
// omitempty.
type omitter func(p unsafe.Pointer) bool

// omitterOf returns the omitter of a field of type t. It reports false if only
// msgpack/v5 can say whether the field is empty.
func omitterOf(t reflect.Type) (omits omitter, ok bool) {
	switch {
	case t == timeType:
		return func(p unsafe.Pointer) bool { return (*time.Time)(p).IsZero() }, true
	case t == reflect.PointerTo(timeType):
		return func(p unsafe.Pointer) bool { to := *(**time.Time)(p); return to == nil || to.IsZero() }, true
	case t.Implements(reflect.TypeFor[typeinfo.Zeroer]()):
		return func(p unsafe.Pointer) bool { return typeinfo.IsZero(valueAt(t, p)) }, true
	case encodesItself(t) && t.Kind() == reflect.Struct: // it has a field that is always stored
		return func(unsafe.Pointer) bool { return false }, true
	}
	switch t.Kind() {
	case reflect.String:
		return func(p unsafe.Pointer) bool { return *(*string)(p) == "" }, true
	case reflect.Slice, reflect.Map:
		return func(p unsafe.Pointer) bool { return valueAt(t, p).Len() == 0 }, true
	case reflect.Pointer:
		return func(p unsafe.Pointer) bool { return pointerAt(p) == nil }, true
	case reflect.Array:
		return func(unsafe.Pointer) bool { return t.Len() == 0 }, true
	case reflect.Struct:
		members, ok := membersOf(t)
		if !ok {
			return nil, false
		}
		return omitterOfAll(members), true
	case reflect.Float32:
		return func(p unsafe.Pointer) bool { return *(*float32)(p) == 0 }, true
	case reflect.Float64:
		return func(p unsafe.Pointer) bool { return *(*float64)(p) == 0 }, true
	}
	return func(p unsafe.Pointer) bool { return valueAt(t, p).IsZero() }, basics[t.Kind()] != nil
}

// omitterOfAll returns the omitter of a struct: it is left out if all its fields are.
func omitterOfAll(m *typeinfo.Members) omitter {
	var all []omitter
	for i := range m.List {
		if !m.List[i].Omit {
			return func(unsafe.Pointer) bool { return false }
		}
		omits, _ := omitterOf(m.List[i].Type)
		offset := m.List[i].Offset
		all = append(all, func(p unsafe.Pointer) bool { return omits(unsafe.Add(p, offset)) })
	}
	return func(p unsafe.Pointer) bool {
		return !slices.ContainsFunc(all, func(omits omitter) bool { return !omits(p) })
	}
}
