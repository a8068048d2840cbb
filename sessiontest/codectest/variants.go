package codectest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
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
	if encodesItself(v.Type()) {
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
	for f, field := range v.Fields() {
		if field.CanSet() && !skipped(f) && !omitted(f) {
			r.walk(field)
		}
	}
}

func call(f func(reflect.Value), v reflect.Value) {
	if f != nil {
		f(v)
	}
}

// skipped reports whether a tag says that the field is not stored.
func skipped(f reflect.StructField) bool {
	return f.Tag.Get("msgpack") == "-" || f.Tag.Get("json") == "-"
}

// omitted reports whether a tag says that the field is not stored when it is empty.
func omitted(f reflect.StructField) bool {
	tags := f.Tag.Get("msgpack") + f.Tag.Get("json")
	return strings.Contains(tags, ",omitempty") || strings.Contains(tags, ",omitzero")
}

// encodesItself reports whether codecs may ask t for its encoding.
func encodesItself(t reflect.Type) bool {
	ptr := reflect.PointerTo(t)
	if slices.ContainsFunc([]reflect.Type{
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[json.Marshaler](),
	}, ptr.Implements) {
		return true
	}
	for _, name := range []string{"EncodeMsgpack", "MarshalMsgpack"} {
		if _, ok := ptr.MethodByName(name); ok {
			return true
		}
	}
	return false
}

// reshaped returns a copy of v that r has gone through.
func (t *codecTrial[T]) reshaped(v T, r reshaper) T {
	fresh := t.plan.Copy(&v)
	r.walk(reflect.ValueOf(fresh).Elem())
	return *fresh
}

// emptied returns v with every slice and map nil, or empty.
func (t *codecTrial[T]) emptied(v T, isNil bool) T {
	if isNil {
		return t.reshaped(v, reshaper{slices: reflect.Value.SetZero, maps: reflect.Value.SetZero})
	}
	return t.reshaped(v, reshaper{
		slices: func(v reflect.Value) { v.Set(reflect.MakeSlice(v.Type(), 0, 0)) },
		maps:   func(v reflect.Value) { v.Set(reflect.MakeMap(v.Type())) },
	})
}
