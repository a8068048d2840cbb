package codec

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

var jsonRules = &rules{
	codec:    "JSON",
	tag:      "json",
	families: jsonFamilies,
	fields:   jsonFields,
	key:      jsonKey,
	kinds:    kinds,
	types:    map[reflect.Type]string{reflect.TypeFor[json.Number](): "an empty json.Number would come back as 0; use a string"},
}

// jsonKey reports whether encoding/json can write and read keys of type t.
func jsonKey(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k == reflect.String, reflect.Int <= k && k <= reflect.Uintptr:
		return true
	}
	return t.Implements(textPair.to) && reflect.PointerTo(t).Implements(textPair.from)
}

// jsonFields lists the fields of t that encoding/json encodes, those of embedded
// structs among them. Where two have one name, it drops one or both.
func jsonFields(c *checker, t reflect.Type, path string) []member {
	var list []member
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		at := path + "." + f.Name
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case tag == "-":
			c.kept(t, f, at)
		case c.dropped(t, f, at):
		case f.Anonymous && embedded.Kind() == reflect.Struct && name == "":
			list = append(list, jsonEmbedded(c, f, path)...)
		case !f.IsExported():
			c.hidden(t, f, path)
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
			c.refuse(at, "a pointer to an embedded struct that is unexported cannot be read; name the field")
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
