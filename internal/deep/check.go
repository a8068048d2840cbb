package deep

import (
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/seed48429006/sessions/internal/rules"
)

// Check returns one error for each field of T that sessions cannot keep, with its
// path: channels, functions, interfaces, unexported fields. Fields that a tag
// skips are exempt.
func Check[T any]() []error {
	c := checker{open: map[reflect.Type]bool{}}
	t := reflect.TypeFor[T]()
	path := t.Name()
	if path == "" {
		path = t.String()
	}
	c.check(t, path)
	return c.errs
}

type checker struct {
	errs []error
	open map[reflect.Type]bool // the types around, to end recursions
}

func (c *checker) refuse(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (c *checker) check(t reflect.Type, path string) {
	if c.open[t] || isImmutable(t) {
		return
	}
	c.open[t] = true
	defer delete(c.open, t)
	if t == reflect.TypeFor[big.Float]() { // its text omits the precision
		c.refuse(path, "%v values are decoded as other numbers; use a big.Rat, or its Text", t)
		return
	}
	if problem, ok := rules.Unstorable[t.Kind()]; ok {
		c.refuse(path, "%s, or tag it `msgpack:\"-\" json:\"-\"`", problem)
		return
	}
	switch t.Kind() {
	case reflect.Interface:
		c.refuse(path, "values in a field of type %v are decoded as another type; use a concrete type, or tag it `msgpack:\"-\" json:\"-\"`", t)
	case reflect.Pointer:
		c.pointer(t, path)
	case reflect.Slice, reflect.Array:
		c.check(t.Elem(), path+"[]")
	case reflect.Map:
		c.key(t.Key(), path)
		c.check(t.Elem(), path+"[]")
	case reflect.Struct:
		c.structs(t, path)
	}
}

// pointer refuses a type that is a pointer to itself, whose values cannot be stored.
func (c *checker) pointer(t reflect.Type, path string) {
	elem, visited := t.Elem(), map[reflect.Type]bool{}
	for elem.Kind() == reflect.Pointer {
		if visited[elem] {
			c.refuse(path, "%v points to itself and nothing else", t)
			return
		}
		visited[elem] = true
		elem = elem.Elem()
	}
	c.check(elem, path)
}

// key refuses map keys that would be other keys when they are decoded.
func (c *checker) key(t reflect.Type, path string) {
	if !stableKey(t) {
		c.refuse(path, "map keys of type %v would be other keys when they are decoded; use a string, an integer or a struct of those", t)
		return
	}
	c.check(t, path+"[key]")
}

func stableKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Chan:
		return false
	case reflect.Float32, reflect.Float64: // no lookup finds a NaN
		return false
	case reflect.Array:
		return stableKey(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() { // one instant has many forms
			return false
		}
		if isImmutable(t) {
			return true
		}
		for f := range t.Fields() { // also unexported ones: a pointer in them would be another
			if !stableKey(f.Type) || rules.Drops(f) {
				return false
			}
		}
	}
	return true
}

// structs checks a struct's fields, unless the struct encodes itself.
func (c *checker) structs(t reflect.Type, path string) {
	if rules.EncodesItself(t) {
		if nodeOf(t).about().shares {
			c.refuse(path, "a copy of a %v would share hidden state with it; give it a method Clone() %v", t, t)
		}
		if name := embeddedMarshaler(t); name != "" {
			c.refuse(path, "%v encodes itself as the %s that it embeds, so that only this field would be stored; name the field", t, name)
		}
		return
	}
	for f := range t.Fields() {
		switch {
		case f.Name == "_" || rules.SkippedByAny(f):
		case !rules.Visible(f):
			c.refuse(path+"."+f.Name, "an unexported field would be lost; export it, tag it `msgpack:\"-\" json:\"-\"`, or give %v MarshalText and UnmarshalText", t)
		default:
			c.check(f.Type, path+"."+f.Name)
		}
	}
}

// embeddedMarshaler returns the name of the embedded field whose marshaler the
// struct t has although it has other fields, or "".
func embeddedMarshaler(t reflect.Type) string {
	if t.NumField() < 2 {
		return ""
	}
	for _, method := range []string{"MarshalBinary", "MarshalText", "MarshalJSON", "EncodeMsgpack", "MarshalMsgpack"} {
		if f, ok := t.FieldByName(rules.Promoted(t, method)); ok && rules.EncodesItself(f.Type) {
			return f.Name
		}
	}
	return ""
}
