package codec

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/seed48429006/sessions/codec/internal/typename"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// check returns an error for each part of T that a codec loses. It first asks the
// description of T, which knows the rules of the codec's library. If that finds nothing,
// it asks the library itself, by a few values.
func check[T any](c typeinfo.Codec, codec Codec[T]) error {
	t := reflect.TypeFor[T]()
	var errs []error
	if typename.Ambiguous[T]() {
		errs = append(errs, fmt.Errorf("%s: is declared within a function, and another function may declare a type of that name; declare it outside", typeinfo.PathOf(t)))
	}
	errs = append(errs, typeinfo.ProblemsFor(t, c)...)
	if len(errs) == 0 {
		errs = typeinfo.ZeroProblemsFor(t, c)
	}
	if len(errs) == 0 {
		errs = try(c, codec)
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("codec: %v: %w", c, err)
	}
	return errors.Join(errs...)
}

// mayBeNull reports whether a value of type T may be encoded as a null.
func mayBeNull[T any](c typeinfo.Codec) bool {
	switch t := reflect.TypeFor[T](); t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	default:
		return typeinfo.Of(t).Own(c).To != nil
	}
}
