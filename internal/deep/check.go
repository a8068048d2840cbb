package deep

import (
	"fmt"
	"reflect"
)

// Check returns everything in T that a session could not keep, one error for
// each field, with its path: channels, functions, interfaces, hidden fields.
// Fields that are tagged not to be stored are exempt.
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
	open map[reflect.Type]bool // met already; each type is looked at once
}

func (c *checker) refuse(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (c *checker) check(t reflect.Type, path string) {
	if c.open[t] || immutable[t] != nil {
		return
	}
	c.open[t] = true
	defer delete(c.open, t)
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		c.refuse(path, "a %v cannot be stored; remove it, or tag it `msgpack:\"-\" json:\"-\"`", t)
	case reflect.Interface:
		c.refuse(path, "what a %v holds would come back as another type; use a concrete type, or tag it `msgpack:\"-\" json:\"-\"`", t)
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

// pointer refuses a type that is a pointer to itself: only values that cannot
// be stored have it.
func (c *checker) pointer(t reflect.Type, path string) {
	elem, seen := t.Elem(), map[reflect.Type]bool{}
	for elem.Kind() == reflect.Pointer {
		if seen[elem] {
			c.refuse(path, "%v points to itself and nothing else", t)
			return
		}
		seen[elem] = true
		elem = elem.Elem()
	}
	c.check(elem, path)
}

// key refuses keys that are not the same key any more once they were stored.
func (c *checker) key(t reflect.Type, path string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Chan:
		c.refuse(path, "map keys of type %v are not kept by what they are; use a string, a number or a struct of those", t)
	default:
		c.check(t, path+"[key]")
	}
}

// structs looks at a struct's fields, unless the struct encodes itself.
func (c *checker) structs(t reflect.Type, path string) {
	if encodesItself(t) {
		if nodeOf(t).shares {
			c.refuse(path, "a copy of %v would share hidden state with it; give it Clone() %v", t, t)
		}
		return
	}
	for f := range t.Fields() {
		switch {
		case f.Tag.Get("msgpack") == "-" || f.Tag.Get("json") == "-":
		case !visible(f):
			c.refuse(path+"."+f.Name, "an unexported field would vanish; export it, tag it `msgpack:\"-\" json:\"-\"`, or give %v MarshalText and UnmarshalText", t)
		default:
			c.check(f.Type, path+"."+f.Name)
		}
	}
}

// encodesItself reports whether t has marshalers that a codec asks before it
// looks at fields. Which codec asks which is for the codec to check.
func encodesItself(t reflect.Type) bool {
	ptr := reflect.PointerTo(t)
	for _, pair := range [][2]string{{"EncodeMsgpack", "DecodeMsgpack"}, {"MarshalMsgpack", "UnmarshalMsgpack"}} {
		_, to := ptr.MethodByName(pair[0])
		_, from := ptr.MethodByName(pair[1])
		if to && from {
			return true
		}
	}
	return marshaler(t) != nil
}
