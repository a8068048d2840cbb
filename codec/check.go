package codec

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/seed48429006/sessions/codec/internal/typename"
	"github.com/seed48429006/sessions/internal/deep"
)

// rules say what a codec does with types.
type rules struct {
	codec    string // its name, for the errors
	tag      string // the key of its struct tags
	families []marshalers

	// valueFirst says that a pair in T's value receivers is found before another
	// pair in its pointer receivers.
	valueFirst bool

	fields func(c *checker, t reflect.Type, path string) []member // reports what is wrong with the fields of t, returns those that are encoded
	key    func(t reflect.Type) bool                              // whether t can be the key of a map
	kinds  map[reflect.Kind]string                                // what it cannot encode, and what to do instead
	types  map[reflect.Type]string                                // the same, of single types
}

// A member is a field as it is encoded.
type member struct {
	name  string // in the encoding
	alias string // under which it is read too
	path  string // in Go
	typ   reflect.Type
}

// kinds that no codec here can encode.
var kinds = map[reflect.Kind]string{
	reflect.Chan:          "a channel cannot be stored; remove it",
	reflect.Func:          "a function cannot be stored; remove it",
	reflect.UnsafePointer: "an unsafe pointer cannot be stored; remove it",
	reflect.Complex64:     "a complex number cannot be stored; use two floats",
	reflect.Complex128:    "a complex number cannot be stored; use two floats",
}

// check returns what a codec with these rules cannot keep of T.
func check[T any](r *rules) error {
	t := reflect.TypeFor[T]()
	path := t.Name()
	if path == "" {
		path = t.String()
	}
	c := checker{rules: r, seen: map[sight]bool{}}
	if typename.Ambiguous[T]() {
		c.refuse(path, "is declared within a function, where another type may have the same name; declare it outside")
	}
	c.check(t, path, true)
	return errors.Join(c.errs...)
}

// A checker goes through a type and what is in it, each type once.
type checker struct {
	*rules
	seen      map[sight]bool
	embedding []reflect.Type // the embedded structs that it is in, innermost last
	errs      []error
}

// A sight is a type and whether its values have an address, which is what
// methods with pointer receivers need.
type sight struct {
	typ  reflect.Type
	addr bool
}

func (c *checker) refuse(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("codec: %s: %s: %s", c.codec, path, fmt.Sprintf(format, args...)))
}

func (c *checker) check(t reflect.Type, path string, addr bool) {
	if at := (sight{t, addr}); c.seen[at] || t == reflect.TypeFor[time.Time]() {
		return
	} else {
		c.seen[at] = true
	}
	if t.Kind() != reflect.Pointer && c.marshals(t, path, addr) {
		return
	}
	if problem, ok := c.types[t]; ok {
		c.refuse(path, "%s, or tag it `%s:\"-\"`", problem, c.tag)
	}
	if problem, ok := c.kinds[t.Kind()]; ok {
		c.refuse(path, "%s, or tag it `%s:\"-\"`", problem, c.tag)
	}
	switch t.Kind() {
	case reflect.Pointer:
		c.check(t.Elem(), path, true)
	case reflect.Slice:
		c.check(t.Elem(), path+"[]", true)
	case reflect.Array:
		c.check(t.Elem(), path+"[]", addr)
	case reflect.Map:
		c.maps(t, path)
	case reflect.Struct:
		c.structs(t, path, addr)
	}
}

func (c *checker) maps(t reflect.Type, path string) {
	if !c.key(t.Key()) {
		c.refuse(path, "%s has no map keys of type %v; use a string or an integer, or give it MarshalText and UnmarshalText", c.codec, t.Key())
	} else {
		c.check(t.Key(), path+"[key]", false)
	}
	c.check(t.Elem(), path+"[]", false)
}

func (c *checker) structs(t reflect.Type, path string, addr bool) {
	names := map[string]string{}
	for _, f := range c.fields(c, t, path) {
		if other, taken := names[f.name]; taken {
			c.refuse(f.path, "is stored under the name %q, and so is %s; rename one", f.name, other)
			continue
		}
		names[f.name] = f.path
		c.check(f.typ, f.path, addr)
	}
}

// kept refuses a field whose tag takes it out of this codec's encoding, if a
// session keeps it all the same.
func (c *checker) kept(t reflect.Type, f reflect.StructField, path string) {
	switch {
	case !deep.Keeps(t, f):
	case deep.EncodesItself(t):
		c.refuse(path, "%v encodes itself, so that sessions keep all of it, but %s does not ask it to; remove the tag, or give %v methods that %s uses: %s",
			t, c.codec, t, c.codec, methods(c.families))
	default:
		c.refuse(path, "sessions keep it, but %s does not; tag it `msgpack:\"-\" json:\"-\"`, or remove the tag", c.codec)
	}
}

// dropped refuses a field that sessions do not keep, if this codec would write it.
func (c *checker) dropped(t reflect.Type, f reflect.StructField, path string) bool {
	if deep.Keeps(t, f) || !f.IsExported() && !(f.Anonymous && f.Type.Kind() == reflect.Struct) {
		return false
	}
	c.refuse(path, "sessions do not keep it, but %s would write it; tag it `msgpack:\"-\" json:\"-\"`", c.codec)
	return true
}

// hidden refuses an unexported field that sessions keep.
func (c *checker) hidden(t reflect.Type, f reflect.StructField, path string) {
	if deep.Keeps(t, f) {
		c.refuse(path+"."+f.Name, "an unexported field would be lost; export it, tag it `%s:\"-\"`, or give %v methods that %s uses: %s",
			c.tag, t, c.codec, methods(c.families))
	}
}
