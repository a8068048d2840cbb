package codec

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/rules"
)

var msgpackDialect = &dialect{
	codec:      "MessagePack",
	tag:        rules.MessagePack,
	pairs:      msgpackPairs,
	valueFirst: true,
	fields:     msgpackFields,
	key:        func(reflect.Type) bool { return true },
	kinds:      rules.Unstorable,
}

// alias returns the other name under which a field with these options is read.
func alias(options []string) string {
	for _, option := range options {
		if name, ok := strings.CutPrefix(option, "alias:"); ok {
			return name
		}
	}
	return ""
}

// msgpackFields lists the fields of t that msgpack/v5 encodes. Those of an
// embedded struct it takes for t's own, unless the struct encodes itself or one
// of them has a name that is taken already.
func msgpackFields(c *checker, t reflect.Type, path string) []member {
	var list []member
	for f := range t.Fields() {
		name, options := rules.Tag(f, rules.MessagePack)
		at := path + "." + f.Name
		switch {
		case rules.Skipped(f, rules.MessagePack):
			c.skipped(t, f, at)
		case c.dropped(t, f, at):
		case f.Name == "_msgpack":
			if slices.Contains(options, "as_array") || slices.Contains(options, "asArray") {
				c.refuse(at, "a struct stored as an array cannot be read once it has gained or lost a field; remove as_array")
			}
		case f.Anonymous && f.Type.Kind() == reflect.Pointer && c.spreads(f.Type.Elem(), options):
			c.refuse(at, "a nil pointer to an embedded struct would not be nil any more; name the field, or tag it `msgpack:\",noinline\"`")
		case f.Anonymous && c.inlines(list, f.Type, options):
			list = append(list, msgpackFields(c, f.Type, at)...)
		case !f.IsExported():
			c.hidden(t, f, at)
		default:
			if slices.Contains(options, "intern") {
				c.refuse(at, "interned strings are not supported; remove intern")
			}
			if slices.Contains(options, "omitempty") && c.takenForEmpty(f.Type) {
				c.refuse(at, "msgpack/v5 takes every %v for empty; remove omitempty, or use a pointer", f.Type)
			}
			if name == "" {
				name = f.Name
			}
			list = append(list, member{name, alias(options), at, f.Type})
		}
	}
	return list
}

// takenForEmpty reports whether msgpack/v5 asks for the fields of a struct of type
// t that encodes itself, finds none, and leaves out what is not empty.
func (c *checker) takenForEmpty(t reflect.Type) bool {
	_, asked := t.MethodByName("IsZero")
	return t.Kind() == reflect.Struct && c.writer(t) != nil && !asked
}

// spreads reports whether msgpack/v5 would rather store the fields of a struct
// of type t that is embedded than the struct itself.
func (c *checker) spreads(t reflect.Type, options []string) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() &&
		c.writer(t) == nil && c.reader(t) == nil && !slices.Contains(options, "noinline")
}

// inlines reports whether it does, next to the fields that there are already.
func (c *checker) inlines(list []member, t reflect.Type, options []string) bool {
	if !c.spreads(t, options) || slices.Contains(options, "inline") {
		return c.spreads(t, options)
	}
	for _, own := range msgpackFields(&checker{dialect: c.dialect}, t, "") {
		if slices.ContainsFunc(list, func(m member) bool { return m.name == own.name }) {
			return false
		}
	}
	return true
}
