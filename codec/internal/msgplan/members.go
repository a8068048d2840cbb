package msgplan

import (
	"reflect"
	"slices"
	"strings"
)

// maxMembers is how many fields a structure can have: it keeps a bit for each.
const maxMembers = 64

// A member is a field of a struct as it is stored.
type member struct {
	name   string
	alias  string // under which it is read too
	typ    reflect.Type
	offset uintptr
	omits  omitter // nil if the field is always stored
}

// members are the fields of a struct as it is stored, those of embedded structs in
// their places.
type members struct {
	list   []member
	spread []string // names of the embedded structs, under which they can be read whole
	taken  []string // all names
}

// membersOf returns the fields that msgpack/v5 stores for the struct type t. It
// reports false if t has one for which msgpack/v5 has rules of its own.
func membersOf(t reflect.Type) (m members, ok bool) {
	for f := range t.Fields() {
		if !m.add(f) {
			return m, false
		}
	}
	return m, len(m.list) <= maxMembers
}

func (m *members) add(f reflect.StructField) bool {
	tag, ok := parseTag(f.Tag.Get("msgpack"))
	switch {
	case !ok, f.Name == "_msgpack":
		return false
	case tag.name == "-", !f.IsExported() && !f.Anonymous:
		return true
	case tag.name == "":
		tag.name = f.Name
	}
	if f.Anonymous && !tag.noinline {
		if f.Type.Kind() == reflect.Pointer {
			return false
		}
		if f.Type.Kind() == reflect.Struct && f.Type != timeType && !encodesItself(f.Type) {
			if spread, ok := m.spreadOut(f, tag); spread || !ok {
				return ok
			}
		}
	}
	return m.addOwn(f, tag)
}

// addOwn adds a field that is stored as itself.
func (m *members) addOwn(f reflect.StructField, tag tag) bool {
	own := member{name: tag.name, alias: tag.alias, typ: f.Type, offset: f.Offset}
	if tag.omitempty {
		omits, ok := omitterOf(f.Type)
		if !ok {
			return false
		}
		own.omits = omits
	}
	m.list = append(m.list, own)
	return f.IsExported() && !tag.inline && m.take(tag.name) && (tag.alias == "" || m.take(tag.alias))
}

// spreadOut adds the fields of an embedded struct, unless the struct is stored as
// itself: if one of the names is taken.
func (m *members) spreadOut(f reflect.StructField, tag tag) (spread, ok bool) {
	inner, ok := membersOf(f.Type)
	if !ok || tag.inline {
		return false, false
	}
	for _, in := range inner.list {
		if slices.Contains(m.taken, in.name) {
			return false, true
		}
	}
	for _, in := range inner.list {
		in.offset += f.Offset
		in.alias = "" // msgpack/v5 forgets it
		m.list = append(m.list, in)
		m.take(in.name)
	}
	m.spread = append(m.spread, tag.name)
	return true, m.take(tag.name)
}

// take reports whether a name was free.
func (m *members) take(name string) bool {
	free := !slices.Contains(m.taken, name)
	m.taken = append(m.taken, name)
	return free
}

// A tag is the parsed msgpack tag of a field.
type tag struct {
	name, alias                 string
	omitempty, inline, noinline bool
}

// parseTag reports false for a tag that msgpack/v5 may read in another way.
func parseTag(text string) (t tag, ok bool) {
	if strings.ContainsFunc(text, isSpecial) {
		return t, false
	}
	name, options, _ := strings.Cut(text, ",")
	if t.name = name; strings.Contains(name, ":") {
		return t, false
	}
	for option := range strings.SplitSeq(options, ",") {
		alias, isAlias := strings.CutPrefix(option, "alias:")
		switch {
		case option == "":
		case option == "omitempty":
			t.omitempty = true
		case option == "inline":
			t.inline = true
		case option == "noinline":
			t.noinline = true
		case isAlias && t.alias == "" && !strings.Contains(alias, ":"):
			t.alias = alias
		default:
			return t, false
		}
	}
	return t, true
}

// isSpecial reports whether a tag with c in it is not plain.
func isSpecial(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("_-./,:", c)
}
