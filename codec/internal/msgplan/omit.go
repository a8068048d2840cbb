package msgplan

import (
	"reflect"
	"time"
	"unsafe"
)

// An omitter reports whether msgpack/v5 leaves out the field at p, whose tag has
// omitempty.
type omitter func(p unsafe.Pointer) bool

type zeroer interface{ IsZero() bool }

// omitterOf returns the omitter of a field of type t. It reports false if only
// msgpack/v5 can say whether the field is empty.
func omitterOf(t reflect.Type) (omits omitter, ok bool) {
	switch {
	case t == timeType:
		return func(p unsafe.Pointer) bool { return (*time.Time)(p).IsZero() }, true
	case t == reflect.PointerTo(timeType):
		return func(p unsafe.Pointer) bool { to := *(**time.Time)(p); return to == nil || to.IsZero() }, true
	case t.Implements(reflect.TypeFor[zeroer]()), encodesItself(t):
		return nil, false
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
		return members.omitted, ok
	case reflect.Float32:
		return func(p unsafe.Pointer) bool { return *(*float32)(p) == 0 }, true
	case reflect.Float64:
		return func(p unsafe.Pointer) bool { return *(*float64)(p) == 0 }, true
	}
	return func(p unsafe.Pointer) bool { return valueAt(t, p).IsZero() }, basics[t.Kind()] != nil
}

// omitted reports whether all fields of the struct at p are left out.
func (m members) omitted(p unsafe.Pointer) bool {
	for _, f := range m.list {
		if f.omits == nil || !f.omits(unsafe.Add(p, f.offset)) {
			return false
		}
	}
	return true
}
