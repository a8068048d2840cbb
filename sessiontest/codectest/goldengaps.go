package codectest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// gaps returns the changes of T that the samples could not show.
func gaps[T any](samples map[string]T) []string {
	var all []reflect.Value
	for _, v := range samples {
		all = append(all, reflect.ValueOf(v))
	}
	c := coverage{open: map[reflect.Type]bool{}}
	c.part("", reflect.TypeFor[T](), all)
	return c.gaps
}

// coverage goes through a type, with all the values of each part of it.
type coverage struct {
	gaps []string
	open map[reflect.Type]bool // each recursive type is gone into once
}

func (c *coverage) part(path string, t reflect.Type, all []reflect.Value) {
	all = slices.DeleteFunc(slices.Clone(all), reflect.Value.IsZero)
	name := cmp.Or(strings.TrimPrefix(path, "."), t.String())
	switch {
	case c.open[t] || t.Size() == 0:
		return
	case len(all) == 0:
		c.gaps = append(c.gaps, fmt.Sprintf("no sample sets %s, so that a change of it", name))
		return
	case t == reflect.TypeFor[time.Time]() || encodesItself(t):
		return
	}
	if smaller := smallerType(t.Kind()); smaller != "" && !slices.ContainsFunc(all, needsAll) {
		c.gaps = append(c.gaps, fmt.Sprintf("no sample has a %s that needs more than an %s, so that a change to that type", name, smaller))
	}
	c.open[t] = true
	defer delete(c.open, t)
	var inner []reflect.Value
	switch t.Kind() {
	case reflect.Pointer:
		for _, v := range all {
			inner = append(inner, v.Elem())
		}
		c.part(path, t.Elem(), inner)
	case reflect.Slice, reflect.Array:
		for _, v := range all {
			for i := range v.Len() {
				inner = append(inner, v.Index(i))
			}
		}
		c.part(path+"[]", t.Elem(), inner)
	case reflect.Map:
		for _, v := range all {
			for it := v.MapRange(); it.Next(); {
				inner = append(inner, it.Value())
			}
		}
		c.part(path+"[]", t.Elem(), inner)
	case reflect.Struct:
		c.structure(path, t, all)
	}
}

func (c *coverage) structure(path string, t reflect.Type, all []reflect.Value) {
	var fields []reflect.StructField
	for f := range t.Fields() {
		if !stored(f) {
			continue
		}
		values := fieldsOf(all, f)
		for _, g := range fields {
			if scalar(f.Type) && f.Type == g.Type && alike(values, fieldsOf(all, g)) {
				c.gaps = append(c.gaps, fmt.Sprintf("%s and %s are the same in every sample, so that swapping them",
					strings.TrimPrefix(path+"."+g.Name, "."), strings.TrimPrefix(path+"."+f.Name, ".")))
			}
		}
		fields = append(fields, f)
		c.part(path+"."+f.Name, f.Type, values)
	}
}

func fieldsOf(all []reflect.Value, f reflect.StructField) []reflect.Value {
	var fields []reflect.Value
	for _, v := range all {
		fields = append(fields, v.FieldByIndex(f.Index))
	}
	return fields
}

func scalar(t reflect.Type) bool {
	return reflect.Bool <= t.Kind() && t.Kind() <= reflect.Float64 || t.Kind() == reflect.String
}

// alike reports whether two fields have the same values, and not only zeros.
func alike(a, b []reflect.Value) bool {
	set := false
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
		set = set || !a[i].IsZero()
	}
	return set
}

// smallerType returns the integer type of half the size; empty if there is none.
func smallerType(k reflect.Kind) string {
	switch k {
	case reflect.Int, reflect.Int64:
		return "int32"
	case reflect.Int32:
		return "int16"
	case reflect.Int16:
		return "int8"
	case reflect.Uint, reflect.Uint64:
		return "uint32"
	case reflect.Uint32:
		return "uint16"
	case reflect.Uint16:
		return "uint8"
	}
	return ""
}

// needsAll reports whether an integer does not fit the type of half the size.
func needsAll(v reflect.Value) bool {
	half := v.Type().Bits() / 2
	if v.CanInt() {
		n := v.Int()
		return n > 1<<(half-1)-1 || n < -1<<(half-1)
	}
	return v.Uint()>>half != 0
}
