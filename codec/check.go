package codec

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/seed48429006/sessions/codec/internal/typename"
	"github.com/seed48429006/sessions/internal/rules"
)

// A dialect describes how a codec's library treats types.
type dialect struct {
	codec string       // its name, for the errors
	tag   string       // the key of its struct tags
	pairs []rules.Pair // of methods by which types encode themselves

	// valueFirst reports whether a pair in T's value receivers is found before
	// another pair in its pointer receivers.
	valueFirst bool

	// fields returns the fields of t that are encoded, and reports the others that
	// sessions keep.
	fields func(c *checker, t reflect.Type, path string) []member

	key   func(t reflect.Type) bool // reports whether t can be the key of a map
	kinds map[reflect.Kind]string   // those that cannot be encoded, with a remedy
	types map[reflect.Type]string   // the same for single types
}

// A member is a field as it is encoded.
type member struct {
	name  string // in the encoding
	alias string // under which it is read too
	path  string // in Go
	typ   reflect.Type
}

// check returns an error for each part of T that a codec of this dialect loses.
func check[T any](d *dialect) error {
	c := checker{dialect: d, visited: map[visit]bool{}}
	t := reflect.TypeFor[T]()
	if typename.Ambiguous[T]() {
		c.refuse(pathOf(t), "is declared within a function, and another function may declare a type of that name; declare it outside")
	}
	c.check(t, pathOf(t), true)
	return errors.Join(c.errs...)
}

// loses reports whether a codec of this dialect loses a part of t.
func (d *dialect) loses(t reflect.Type) bool {
	c := checker{dialect: d, visited: map[visit]bool{}}
	c.check(t, pathOf(t), true)
	return len(c.errs) > 0
}

// pathOf returns the beginning of the paths of t's fields.
func pathOf(t reflect.Type) string { return cmp.Or(t.Name(), t.String()) }

// A checker goes through a type and its parts, each type once.
type checker struct {
	*dialect
	visited   map[visit]bool
	embedding []reflect.Type // the embedded structs around, innermost last
	errs      []error
}

// A visit is one of a type with or without an address, which methods with pointer
// receivers need.
type visit struct {
	typ         reflect.Type
	addressable bool
}

func (c *checker) refuse(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("codec: %s: %s: %s", c.codec, path, fmt.Sprintf(format, args...)))
}

func (c *checker) check(t reflect.Type, path string, addressable bool) {
	this := visit{t, addressable}
	if c.visited[this] || t == reflect.TypeFor[time.Time]() {
		return
	}
	c.visited[this] = true
	if t.Kind() != reflect.Pointer && c.encodesItself(t, path, addressable) {
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
		c.check(t.Elem(), path+"[]", addressable)
	case reflect.Map:
		c.maps(t, path)
	case reflect.Struct:
		c.structs(t, path, addressable)
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

func (c *checker) structs(t reflect.Type, path string, addressable bool) {
	names := map[string]string{}
	for _, f := range c.fields(c, t, path) {
		if other, taken := names[f.name]; taken {
			c.refuse(f.path, "is stored under the name %q, and so is %s; rename one", f.name, other)
			continue
		}
		names[f.name] = f.path
		c.check(f.typ, f.path, addressable)
	}
}

// skipped refuses a field that the codec's tag skips, if sessions keep it.
func (c *checker) skipped(t reflect.Type, f reflect.StructField, path string) {
	switch {
	case !rules.Keeps(t, f):
	case rules.EncodesItself(t):
		c.refuse(path, "%v encodes itself, so that sessions keep all its fields, but %s does not use its methods; remove the tag, or give %v methods that %s uses: %s",
			t, c.codec, t, c.codec, methods(c.pairs))
	default:
		c.refuse(path, "sessions keep it, but %s does not; tag it `msgpack:\"-\" json:\"-\"`, or remove the tag", c.codec)
	}
}

// dropped reports whether sessions drop a field, and refuses it if the codec would
// write it.
func (c *checker) dropped(t reflect.Type, f reflect.StructField, path string) bool {
	if rules.Keeps(t, f) || !rules.Visible(f) {
		return false
	}
	c.refuse(path, "sessions do not keep it, but %s would write it; tag it `msgpack:\"-\" json:\"-\"`", c.codec)
	return true
}

// hidden refuses an unexported field that sessions keep.
func (c *checker) hidden(t reflect.Type, f reflect.StructField, path string) {
	if rules.Keeps(t, f) {
		c.refuse(path, "an unexported field would be lost; export it, tag it `%s:\"-\"`, or give %v methods that %s uses: %s",
			c.tag, t, c.codec, methods(c.pairs))
	}
}
