package codec

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/seed48429006/sessions/internal/rules"
)

var jsonDialect = &dialect{
	codec:  "JSON",
	tag:    rules.JSON,
	pairs:  jsonPairs,
	fields: jsonFields,
	key:    jsonKey,
	kinds:  jsonKinds(),
	types:  map[reflect.Type]string{reflect.TypeFor[json.Number](): "an empty json.Number would come back as 0; use a string"},
}

// jsonKinds leaves out the kind of uintptr, which encoding/json encodes.
func jsonKinds() map[reflect.Kind]string {
	m := maps.Clone(rules.Unstorable)
	delete(m, reflect.Uintptr)
	return m
}

// jsonKey reports whether encoding/json can write and read keys of type t.
func jsonKey(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k == reflect.String, reflect.Int <= k && k <= reflect.Uintptr:
		return true
	}
	return t.Implements(rules.TextPair.To) && rules.TextPair.Of(t)
}

// jsonFields lists the fields of t that encoding/json encodes, and those of embedded
// structs. If two have one name, encoding/json drops one or both.
func jsonFields(c *checker, t reflect.Type, path string) []member {
	var list []member
	for f := range t.Fields() {
		name, _ := rules.Tag(f, rules.JSON)
		at := path + "." + f.Name
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case rules.Skipped(f, rules.JSON):
			c.skipped(t, f, at)
		case c.dropped(t, f, at):
		case f.Anonymous && embedded.Kind() == reflect.Struct && name == "":
			list = append(list, jsonEmbedded(c, f, path)...)
		case !f.IsExported():
			c.hidden(t, f, at)
		default:
			if name == "" {
				name = f.Name
			}
			list = append(list, member{name: name, path: at, typ: f.Type})
		}
	}
	return list
}

// jsonEmbedded lists the fields of the embedded struct f.
func jsonEmbedded(c *checker, f reflect.StructField, path string) []member {
	at, embedded := path+"."+f.Name, f.Type
	if f.Type.Kind() == reflect.Pointer {
		embedded = f.Type.Elem()
		if !f.IsExported() {
			c.refuse(at, "a pointer to an unexported embedded struct cannot be decoded; name the field")
			return nil
		}
	}
	if slices.Contains(c.embedding, embedded) {
		c.refuse(at, "%v embeds itself; name the field", embedded)
		return nil
	}
	c.embedding = append(c.embedding, embedded)
	defer func() { c.embedding = c.embedding[:len(c.embedding)-1] }()
	return jsonFields(c, embedded, at)
}
