package msgplan

import (
	"reflect"
	"time"
)

// sample returns a pointer to a value of type t in which few parts are zero. By it the
// compiler finds types for which the program has registered functions with msgpack/v5:
// these change how a type is stored, and cannot be asked for.
func sample(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	fill(v.Elem(), 3)
	return v
}

// fill sets v, and the values that it points to through so many slices, maps and pointers.
// Parts that encode themselves stay zero.
func fill(v reflect.Value, links int) {
	t := v.Type()
	switch {
	case t.Kind() == reflect.Struct && t != timeType && !encodesItself(t):
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				fill(v.FieldByIndex(f.Index), links)
			}
		}
	case !v.CanSet():
	case t == timeType:
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	case encodesItself(t):
	case v.CanInt():
		v.SetInt(1)
	case v.CanUint():
		v.SetUint(1)
	case v.CanFloat():
		v.SetFloat(0.5)
	default:
		fillOther(v, links)
	}
}

func fillOther(v reflect.Value, links int) {
	switch t := v.Type(); {
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.String:
		v.SetString("a")
	case t.Kind() == reflect.Array:
		for i := range min(v.Len(), 1) {
			fill(v.Index(i), links)
		}
	case links == 0:
	case t.Kind() == reflect.Pointer && encodesItself(t.Elem()): // msgpack/v5 may write nil
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		fill(v.Elem(), links-1)
	case t.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(t, 1, 1))
		fill(v.Index(0), links-1)
	case t.Kind() == reflect.Map && !encodesItself(t.Key()):
		key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		fill(key, links-1)
		fill(elem, links-1)
		v.Set(reflect.MakeMapWithSize(t, 1))
		v.SetMapIndex(key, elem)
	}
}
