package typeinfo

import (
	"reflect"
	"sync"
)

// A Field is a field of a struct.
type Field struct {
	reflect.StructField
	Tags  [len(Codecs)]Tag
	owner *Info
}

func newField(owner *Info, f reflect.StructField) Field {
	field := Field{StructField: f, owner: owner}
	for _, c := range Codecs {
		field.Tags[c] = tagOf(f, c)
	}
	return field
}

// Stored reports whether sessions keep the field. They drop the fields that the default
// codec skips. They also drop fields that encoding/json skips, if no codec could store
// them. Sessions keep all fields of a type that encodes itself.
func (f *Field) Stored() bool { return f.storedIf(storable) }

// storedIf is Stored with another way to find out whether a type can be stored.
func (f *Field) storedIf(storable func(reflect.Type) bool) bool {
	switch {
	case f.Name == "_" || f.Name == "_msgpack":
		return false
	case f.owner.EncodesItself():
		return true
	case f.Tags[MessagePack].Skip:
		return false
	}
	return !f.Tags[JSON].Skip || f.Visible() && storable(f.Type)
}

// Visible reports whether codecs see the field: it is exported, or an embedded struct
// whose fields may be.
func (f *Field) Visible() bool { return visible(f.StructField) }

func visible(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
}

// Omits reports whether a codec may leave the field out: if it is empty, or if its method
// IsZero returns true. The fields of a type that encodes itself are never left out.
func (f *Field) Omits() (empty, zero bool) {
	if f.owner.EncodesItself() {
		return false, false
	}
	pack, json := &f.Tags[MessagePack], &f.Tags[JSON]
	return pack.OmitEmpty || json.OmitEmpty, pack.OmitEmpty || json.OmitZero // msgpack/v5 asks IsZero too
}

var storables sync.Map // of reflect.Type to bool

// storable reports whether no part of type t has a problem for every codec.
func storable(t reflect.Type) bool {
	if known, ok := storables.Load(t); ok {
		return known.(bool)
	}
	ok := storableWithin(t, map[reflect.Type]bool{})
	storables.Store(t, ok)
	return ok
}

// storableWithin is storable for a type within others. Known has their results, and true
// while a result is sought.
func storableWithin(t reflect.Type, known map[reflect.Type]bool) bool {
	if ok, met := known[t]; met {
		return ok
	}
	known[t] = true
	c := &checker{root: Of(t), known: known}
	c.check(t, "", true)
	known[t] = len(c.problems) == 0
	return known[t]
}
