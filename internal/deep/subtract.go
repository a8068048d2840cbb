package deep

import (
	"reflect"
	"unsafe"
)

// Subtract removes *taken from *v: from a slice its elements, each as often as it
// was taken, from a map its entries, and any other value, bytes among them, if it
// is still the same. Everything else in *v stays. A slice or map that becomes empty
// becomes nil.
func (p Plan[T]) Subtract(v, taken *T) {
	from, held := reflect.ValueOf(v).Elem(), reflect.ValueOf(taken).Elem()
	switch t := p.root.typ; {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		subtractSlice(from, held)
	case t.Kind() == reflect.Map:
		subtractMap(from, held)
	case p.Equal(v, taken):
		from.SetZero()
	}
}

// IsNothing reports whether *v is zero, or a slice or map without elements.
func (p Plan[T]) IsNothing(v *T) bool {
	switch x := reflect.ValueOf(v).Elem(); x.Kind() {
	case reflect.Slice, reflect.Map:
		return x.Len() == 0
	}
	var zero T
	return p.Equal(v, &zero)
}

func subtractSlice(from, taken reflect.Value) {
	remove := remover(nodeOf(from.Type().Elem()), taken)
	kept := reflect.MakeSlice(from.Type(), 0, from.Len())
	for i := range from.Len() {
		if !remove(from.Index(i)) {
			kept = reflect.Append(kept, from.Index(i))
		}
	}
	if kept.Len() == 0 {
		from.SetZero()
		return
	}
	from.Set(kept)
}

// remover returns a function that reports whether a value is among those taken,
// each as often as it was taken.
func remover(elem *node, taken reflect.Value) func(v reflect.Value) bool {
	if hashable(elem.typ) {
		left := make(map[any]int, taken.Len())
		for i := range taken.Len() {
			left[taken.Index(i).Interface()]++
		}
		return func(v reflect.Value) bool {
			key := v.Interface()
			if left[key] == 0 {
				return false
			}
			left[key]--
			return true
		}
	}
	gone, first := make([]bool, taken.Len()), 0
	return func(v reflect.Value) bool {
		for i := first; i < len(gone); i++ {
			if gone[i] || !elem.equal(address(taken.Index(i)), address(v)) {
				continue
			}
			gone[i] = true
			for first < len(gone) && gone[first] {
				first++
			}
			return true
		}
		return false
	}
}

// hashable reports whether Go's == means the same for values of type t as the
// plan's equal. It does not for floats, whose NaNs differ, and for times.
func hashable(t reflect.Type) bool {
	if immutable[t] != nil {
		return false
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String:
		return true
	case reflect.Array:
		return hashable(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !f.IsExported() || f.Tag != "" || !hashable(f.Type) {
				return false
			}
		}
		return !encodesItself(t)
	}
	return reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64
}

func subtractMap(from, taken reflect.Value) {
	elem := nodeOf(from.Type().Elem())
	for entries := taken.MapRange(); entries.Next(); {
		value := from.MapIndex(entries.Key())
		if value.IsValid() && elem.equal(boxed(value), boxed(entries.Value())) {
			from.SetMapIndex(entries.Key(), reflect.Value{})
		}
	}
	if from.Len() == 0 {
		from.SetZero()
	}
}

func address(v reflect.Value) unsafe.Pointer { return v.Addr().UnsafePointer() }
