package codectest

import (
	"reflect"
	"time"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A reshaper changes every part of one kind in a value. It follows the parts that codecs
// follow: exported fields that no tag takes out, and elements; not into types
// that encode themselves.
type reshaper struct {
	slices, maps func(reflect.Value) // called with each
	times        func(*time.Time)
	own          func(reflect.Value) // called with values that encode themselves
}

// walk goes through v, which must be settable.
func (r *reshaper) walk(v reflect.Value) {
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		if r.times != nil {
			r.times(at)
		}
		return
	}
	if typeinfo.Of(v.Type()).EncodesItself() {
		call(r.own, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.walk(v.Elem())
		}
	case reflect.Slice:
		r.elements(v)
		call(r.slices, v)
	case reflect.Array:
		r.elements(v)
	case reflect.Map:
		for _, key := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(v.MapIndex(key))
			r.walk(elem)
			v.SetMapIndex(key, elem)
		}
		call(r.maps, v)
	case reflect.Struct:
		r.fields(v)
	}
}

func (r *reshaper) elements(v reflect.Value) {
	for i := range v.Len() {
		r.walk(v.Index(i))
	}
}

func (r *reshaper) fields(v reflect.Value) {
	for _, f := range storedFields(v.Type()) {
		if field := v.FieldByIndex(f.Index); field.CanSet() && !mayBeOmitted(f) {
			r.walk(field)
		}
	}
}

// mayBeOmitted reports whether a codec may leave the field out when it is empty.
func mayBeOmitted(f *typeinfo.Field) bool {
	empty, zero := f.Omits()
	return empty || zero
}

// storedFields returns the fields of a struct that sessions keep and codecs see.
func storedFields(t reflect.Type) (list []*typeinfo.Field) {
	info := typeinfo.Of(t)
	for i := range info.Fields {
		if f := &info.Fields[i]; f.Visible() && f.Stored() {
			list = append(list, f)
		}
	}
	return list
}

func call(f func(reflect.Value), v reflect.Value) {
	if f != nil {
		f(v)
	}
}

// reshaped returns a copy of v that r has gone through.
func (t *codecTrial[T]) reshaped(v T, r reshaper) T {
	copied := t.plan.Copy(&v)
	r.walk(reflect.ValueOf(copied).Elem())
	return *copied
}

// hollow returns v with every slice and map nil, or empty.
func (t *codecTrial[T]) withEmpty(v T, isNil bool) T {
	if isNil {
		return t.reshaped(v, reshaper{slices: reflect.Value.SetZero, maps: reflect.Value.SetZero})
	}
	return t.reshaped(v, reshaper{
		slices: func(v reflect.Value) { v.Set(reflect.MakeSlice(v.Type(), 0, 0)) },
		maps:   func(v reflect.Value) { v.Set(reflect.MakeMap(v.Type())) },
	})
}
