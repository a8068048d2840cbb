package codectest

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// render shows a value in lines of text: the path of each part that is not zero,
// and its value. A part that is gone, or that has another name or value, shows;
// a new one that is zero does not.
func render[T any](v T) string {
	var r renderer
	r.part("", reflect.ValueOf(&v).Elem(), true)
	return r.String()
}

type renderer struct{ strings.Builder }

func (r *renderer) line(path, format string, args ...any) {
	fmt.Fprintf(r, "%s: %s\n", cmp.Or(strings.TrimPrefix(path, "."), "value"), fmt.Sprintf(format, args...))
}

// part shows v if it is not zero, or has to be shown for its place to be known.
func (r *renderer) part(path string, v reflect.Value, must bool) {
	if v.IsZero() && !must {
		return
	}
	switch k := v.Kind(); {
	case (k == reflect.Pointer || k == reflect.Interface) && !v.IsNil():
		r.part(path, v.Elem(), true)
	case (k == reflect.Pointer || k == reflect.Interface || k == reflect.Slice || k == reflect.Map) && v.IsNil():
		r.line(path, "nil")
	case v.CanInterface() && (v.Type() == reflect.TypeFor[time.Time]() || typeinfo.Of(v.Type()).EncodesItself()):
		r.line(path, "%s", textOf(v))
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		r.line(path, "%q", v.Bytes())
	case k == reflect.Slice || k == reflect.Array:
		r.elements(path, v)
	case k == reflect.Map:
		r.entries(path, v)
	case k == reflect.Struct:
		r.fields(path, v)
	default:
		r.line(path, "%s", scalarText(v))
	}
}

// scalarText shows a string, a number or a bool. A method String may hide the value, or
// show two alike, so it is added only.
func scalarText(v reflect.Value) string {
	named := v.CanInterface() && (v.Type().Implements(reflect.TypeFor[fmt.Stringer]()) || v.Type().Implements(reflect.TypeFor[error]()))
	switch k := v.Kind(); {
	case k == reflect.String:
		return strconv.Quote(v.String())
	case !named || v.Type().PkgPath() == "time":
		return fmt.Sprint(v)
	case v.CanInt():
		return fmt.Sprintf("%d (%s)", v.Int(), inOneLine(v))
	case v.CanUint():
		return fmt.Sprintf("%d (%s)", v.Uint(), inOneLine(v))
	case v.CanFloat():
		return fmt.Sprintf("%v (%s)", v.Float(), inOneLine(v))
	case k == reflect.Bool:
		return fmt.Sprintf("%v (%s)", v.Bool(), inOneLine(v))
	}
	return fmt.Sprint(v)
}

func inOneLine(v reflect.Value) string { return strings.ReplaceAll(fmt.Sprint(v), "\n", " ") }

func (r *renderer) elements(path string, v reflect.Value) {
	if v.Len() == 0 {
		r.line(path, "[]")
	}
	for i := range v.Len() {
		r.part(fmt.Sprintf("%s[%d]", path, i), v.Index(i), true)
	}
}

func (r *renderer) entries(path string, v reflect.Value) {
	if v.Len() == 0 {
		r.line(path, "{}")
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(keyText(a), keyText(b)) })
	for _, key := range keys {
		r.part(fmt.Sprintf("%s[%s]", path, keyText(key)), v.MapIndex(key), true)
	}
}

func keyText(key reflect.Value) string {
	switch k := key.Kind(); {
	case typeinfo.Of(key.Type()).EncodesItself():
		return textOf(key)
	case k == reflect.Struct || k == reflect.Array:
		return fmt.Sprint(key)
	}
	return scalarText(key)
}

func (r *renderer) fields(path string, v reflect.Value) {
	before := r.Len()
	for _, f := range storedFields(v.Type()) {
		r.part(path+"."+f.Name, v.FieldByIndex(f.Index), false)
	}
	if r.Len() == before {
		r.line(path, "{}")
	}
}

// textOf shows a value that has an encoding of its own: by its text, unless that is not all
// of it.
func textOf(v reflect.Value) string {
	addr := reflect.New(v.Type())
	addr.Elem().Set(v)
	all := encodings(addr)
	if _, ok := addr.Interface().(encoding.TextMarshaler); ok {
		text, err := typeinfo.TextPair.Marshal(addr.Interface())
		if err == nil && (v.Type() == reflect.TypeFor[time.Time]() || isAllOf(addr, all)) {
			return string(text)
		}
	}
	for range 16 { // of maps, a method may write the keys in any order
		if !slices.Equal(all, encodings(addr)) {
			all = nil
		}
	}
	if len(all) == 0 {
		return fmt.Sprintf("%+v", v.Interface())
	}
	return fmt.Sprintf("%q", slices.Compact(all))
}

// encodings returns what the methods that codecs call make of the value at addr.
func encodings(addr reflect.Value) (all []string) {
	for _, c := range typeinfo.Codecs {
		if p := typeinfo.Of(addr.Type().Elem()).By(c); p != nil {
			if data, err := p.Marshal(addr.Interface()); err == nil {
				all = append(all, string(data))
			}
		}
	}
	return all
}

// isAllOf reports whether the text of the value at addr is read as a value with the same
// encodings.
func isAllOf(addr reflect.Value, all []string) bool {
	if _, ok := addr.Interface().(encoding.TextUnmarshaler); !ok {
		return false
	}
	back, err := typeinfo.TextPair.Trip(addr.Type().Elem(), addr.Interface())
	return err == nil && slices.EqualFunc(all, encodings(back), func(a, b string) bool { return permuted([]byte(a), []byte(b)) })
}

// unset returns the paths of the parts of T that are zero in all samples.
func unset[T any](samples map[string]T) []string {
	var all []reflect.Value
	for _, v := range samples {
		all = append(all, reflect.ValueOf(v))
	}
	c := coverage{open: map[reflect.Type]bool{}}
	c.part("", reflect.TypeFor[T](), all)
	return c.missing
}

// coverage goes through a type, with all the values of each part of it.
type coverage struct {
	missing []string
	open    map[reflect.Type]bool // each recursive type is gone into once
}

func (c *coverage) part(path string, t reflect.Type, all []reflect.Value) {
	all = slices.DeleteFunc(all, reflect.Value.IsZero)
	switch {
	case c.open[t] || t.Size() == 0:
		return
	case len(all) == 0:
		c.missing = append(c.missing, cmp.Or(strings.TrimPrefix(path, "."), t.String()))
		return
	case t == reflect.TypeFor[time.Time]() || typeinfo.Of(t).EncodesItself():
		return
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
		for _, f := range storedFields(t) {
			c.part(path+"."+f.Name, f.Type, fieldsOf(all, f))
		}
	}
}

func fieldsOf(all []reflect.Value, f *typeinfo.Field) []reflect.Value {
	var fields []reflect.Value
	for _, v := range all {
		fields = append(fields, v.FieldByIndex(f.Index))
	}
	return fields
}
