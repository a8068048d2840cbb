package typeinfo

import (
	"reflect"
	"strconv"
	"time"
)

// A Sample is a way to make a value of a type.
type Sample int

const (
	Zero     Sample = iota
	Empty           // pointers lead to zero values; slices and maps are empty
	Elements        // slices and maps have a zero element
	Full            // each part has a value of its own
)

// Samples are all of them.
var Samples = [...]Sample{Zero, Empty, Elements, Full}

// Make returns a pointer to a value of type t that the codec should keep. Parts that encode
// themselves are zero.
func (s Sample) Make(t reflect.Type, c Codec) reflect.Value {
	v := reflect.New(t)
	m := maker{Sample: s, codec: c, open: map[reflect.Type]bool{}}
	m.part(v.Elem())
	return v
}

type maker struct {
	Sample
	codec Codec
	open  map[reflect.Type]bool // each recursive type is gone into once
	count int
}

func (m *maker) part(v reflect.Value) {
	t := v.Type()
	info := Of(t)
	switch {
	case m.Sample == Zero, m.open[t], t != timeType && immutable[t]:
		return
	case t == timeType:
		m.instant(v)
		return
	case t == rawType:
		if m.Sample == Full && v.CanSet() {
			v.SetBytes([]byte(`{"a":1}`))
		}
		return
	case info.By(m.codec) != nil:
		return
	}
	m.open[t] = true
	defer delete(m.open, t)
	switch t.Kind() {
	case reflect.Struct:
		for k := range info.Fields {
			if f := &info.Fields[k]; f.Stored() {
				m.part(v.Field(f.Index[0]))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			m.part(v.Index(i))
		}
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.CanSet() {
			m.link(v)
		}
	default:
		if v.CanSet() && m.Sample == Full {
			m.scalar(v)
		}
	}
}

// link sets a pointer, a slice or a map.
func (m *maker) link(v reflect.Value) {
	switch t := v.Type(); t.Kind() {
	case reflect.Pointer:
		if e := Of(t.Elem()); e.Type == rawType || m.survives(e.Type) && (e.By(m.codec) == nil || e.Survives(m.codec, reflect.New(e.Type), true) == nil) {
			v.Set(reflect.New(t.Elem()))
			m.part(v.Elem())
		}
	case reflect.Slice:
		n := 0
		if m.Sample != Empty && m.survives(t.Elem()) {
			n = 1
		}
		v.Set(reflect.MakeSlice(t, n, n))
		if n > 0 {
			m.part(v.Index(0))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		if m.Sample != Empty && m.survives(t.Elem()) && m.survives(t.Key()) {
			key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			m.part(key)
			m.part(elem)
			v.SetMapIndex(key, elem)
		}
	}
}

// survives reports whether a zero t can be an element.
func (m *maker) survives(t reflect.Type) bool { return len(zeroProblems(t, m.codec)) == 0 }

func (m *maker) instant(v reflect.Value) {
	if m.count++; v.CanSet() && m.Sample == Full {
		v.Set(reflect.ValueOf(time.Unix(int64(m.count)*86400, int64(m.count)*1000).UTC()))
	}
}

func (m *maker) scalar(v reflect.Value) {
	m.count++
	switch {
	case v.Kind() == reflect.String:
		v.SetString("text " + strconv.Itoa(m.count))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(m.count%100) + 1)
	case v.CanUint():
		v.SetUint(uint64(m.count%100) + 1)
	case v.CanFloat():
		v.SetFloat(float64(m.count) + 0.5)
	}
}
