package deep

import (
	"reflect"
	"unsafe"
)

// Subtract removes from *v what *taken holds: from a slice those elements, each
// as often as it was taken, from a map those entries, and any other value, bytes
// among them, if it is still the same. What has come to *v meanwhile stays. Nothing left is zero.
func (p Plan[T]) Subtract(v, taken *T) {
	from, what := reflect.ValueOf(v).Elem(), reflect.ValueOf(taken).Elem()
	switch t := p.root.typ; {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		subtractSlice(from, what)
	case t.Kind() == reflect.Map:
		subtractMap(from, what)
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

func subtractSlice(from, what reflect.Value) {
	elem := nodeOf(from.Type().Elem())
	gone := make([]bool, what.Len())
	kept := reflect.MakeSlice(from.Type(), 0, from.Len())
	for i := range from.Len() {
		if !takeOne(elem, gone, what, from.Index(i)) {
			kept = reflect.Append(kept, from.Index(i))
		}
	}
	if kept.Len() == 0 {
		from.SetZero()
		return
	}
	from.Set(kept)
}

// takeOne marks the first element of what that equals v and is not marked yet,
// and reports whether there is one.
func takeOne(elem *node, gone []bool, what, v reflect.Value) bool {
	for i := range gone {
		if !gone[i] && elem.equal(address(what.Index(i)), address(v)) {
			gone[i] = true
			return true
		}
	}
	return false
}

func subtractMap(from, what reflect.Value) {
	elem := nodeOf(from.Type().Elem())
	for entries := what.MapRange(); entries.Next(); {
		held := from.MapIndex(entries.Key())
		if held.IsValid() && elem.equal(boxed(held), boxed(entries.Value())) {
			from.SetMapIndex(entries.Key(), reflect.Value{})
		}
	}
	if from.Len() == 0 {
		from.SetZero()
	}
}

func address(v reflect.Value) unsafe.Pointer { return v.Addr().UnsafePointer() }
