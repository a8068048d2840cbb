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

// alias returns the other name from which a field with these options is decoded.
func alias(options []string) string {
	for _, option := range options {
		if name, ok := strings.CutPrefix(option, "alias:"); ok {
			return name
		}
	}
	return ""
}

// msgpackFields lists the fields of t that msgpack/v5 encodes. It treats the fields
// of an embedded struct as t's own, unless the struct encodes itself or one of
// them has a name that t has already.
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
				c.refuse(at, "a struct stored as an array cannot be decoded after a field was added or removed; remove as_array")
			}
		case f.Anonymous && f.Type.Kind() == reflect.Pointer && c.spreads(f.Type.Elem(), options):
			c.refuse(at, "a nil pointer to an embedded struct would not be nil when decoded; name the field, or tag it `msgpack:\",noinline\"`")
		case f.Anonymous && c.inlines(list, f.Type, options):
			list = append(list, msgpackFields(c, f.Type, at)...)
		case !f.IsExported():
			c.hidden(t, f, at)
		default:
			if slices.Contains(options, "intern") {
				c.refuse(at, "interned strings are not supported; remove intern")
			}
			if slices.Contains(options, "omitempty") && c.alwaysEmpty(f.Type) {
				c.refuse(at, "msgpack/v5 treats every %v as empty; remove omitempty, or use a pointer", f.Type)
			}
			if name == "" {
				name = f.Name
			}
			list = append(list, member{name, alias(options), at, f.Type})
		}
	}
	return list
}

// alwaysEmpty reports whether msgpack/v5 treats every value of the struct type t as
// empty: it looks for non-zero fields, and finds none in a type that encodes itself.
func (c *checker) alwaysEmpty(t reflect.Type) bool {
	_, hasIsZero := t.MethodByName("IsZero")
	return t.Kind() == reflect.Struct && c.writer(t) != nil && !hasIsZero
}

// spreads reports whether msgpack/v5 may store the fields of an embedded t in place
// of the struct itself.
func (c *checker) spreads(t reflect.Type, options []string) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() &&
		c.writer(t) == nil && c.reader(t) == nil && !slices.Contains(options, "noinline")
}

// inlines reports whether msgpack/v5 stores the fields of an embedded t in place of
// the struct itself, beside the fields in list.
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
