package codec

import (
	"fmt"
	"reflect"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// try returns an error for each part of T that does not come back from the codec in a made
// value. It finds differences between the description of T and the codec's library.
func try[T any](c typeinfo.Codec, codec Codec[T]) (errs []error) {
	plan, normal := deep.For[T](c), deep.Of[T]()
	for _, sample := range typeinfo.Samples {
		v := sample.Make(reflect.TypeFor[T](), c)
		want := v.Interface().(*T)
		normal.Normalize(want)
		got, err := tripped(codec, want)
		if err != nil {
			return []error{fmt.Errorf("%s: a value that was made to try it cannot be stored: %w", failing(c, v.Elem(), typeinfo.PathOf(v.Elem().Type())), err)}
		}
		for _, path := range plan.Changes(want, got) {
			errs = append(errs, fmt.Errorf("%s.%s: a value that was made to try it comes back as another", typeinfo.PathOf(v.Elem().Type()), path))
		}
		if len(errs) > 0 {
			return errs
		}
	}
	return nil
}

// tripped takes a value through a codec.
func tripped[T any](codec Codec[T], v *T) (*T, error) {
	got := new(T)
	data, err := codec.Append(nil, v)
	if err == nil {
		err = codec.Decode(data, got)
	}
	return got, err
}

// failing returns the path of the part of v by which the codec fails. It tries each field
// alone, in a struct that has only that.
func failing(c typeinfo.Codec, v reflect.Value, path string) string {
	switch t := v.Type(); {
	case t.Kind() == reflect.Pointer && !v.IsNil():
		return failing(c, v.Elem(), path)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		if v.Len() > 0 && t.Elem().Kind() == reflect.Struct {
			return failing(c, v.Index(0), path+"[]")
		}
	case t.Kind() == reflect.Struct && typeinfo.Of(t).By(c) == nil:
		for f, field := range v.Fields() {
			if !f.IsExported() || f.Anonymous {
				continue
			}
			alone := reflect.New(reflect.StructOf([]reflect.StructField{{Name: f.Name, Type: f.Type, Tag: f.Tag}}))
			alone.Elem().Field(0).Set(field)
			if fails(c, alone) {
				return failing(c, field, path+"."+f.Name)
			}
		}
	}
	return path
}

// fails reports whether the codec's library cannot read its own encoding of the value at
// v.
func fails(c typeinfo.Codec, v reflect.Value) bool {
	back := reflect.New(v.Type().Elem())
	var data []byte
	var err error
	if c == typeinfo.JSON {
		if data, err = new(jsonEncoder).fresh(v.Interface()); err == nil {
			err = unmarshal(data, back.Interface())
		}
		return err != nil
	}
	lib := part{numbersOf(back.Type().Elem())}
	if data, err = lib.Append(nil, v.Elem()); err == nil {
		err = lib.Decode(data, back.Elem())
	}
	return err != nil
}
