// Package rules decides which fields of a type sessions keep, which types encode
// themselves, and which name the owner of their sessions. Plans for values, codecs
// and the suite for codecs follow it.
//
// It reads the struct tags of msgpack/v5 and of encoding/json, and does not import
// msgpack/v5: sessions without a codec need not link that.
package rules

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Keys of struct tags.
const (
	MessagePack = "msgpack"
	JSON        = "json"
)

// Tag splits the field's tag for a codec into the name and the options.
func Tag(f reflect.StructField, key string) (name string, options []string) {
	parts := strings.Split(f.Tag.Get(key), ",")
	return parts[0], parts[1:]
}

// Skipped reports whether the field's tag takes it out of a codec's encoding.
// The two libraries read "-,omitempty" differently: msgpack/v5 skips the field,
// encoding/json names it "-".
func Skipped(f reflect.StructField, key string) bool {
	if key == JSON {
		return f.Tag.Get(key) == "-"
	}
	name, _ := Tag(f, key)
	return name == "-"
}

// SkippedByAny reports whether a tag takes the field out of one codec's encoding
// or of both.
func SkippedByAny(f reflect.StructField) bool {
	return Skipped(f, MessagePack) || Skipped(f, JSON)
}

// Omits reports whether a codec may leave the field out: if it is empty, or if its
// method IsZero returns true.
func Omits(f reflect.StructField) (empty, zero bool) {
	has := func(key, option string) bool {
		_, options := Tag(f, key)
		return slices.Contains(options, option)
	}
	msgpack := has(MessagePack, "omitempty") // msgpack/v5 asks IsZero too
	return msgpack || has(JSON, "omitempty"), msgpack || has(JSON, "omitzero")
}

// Visible reports whether codecs see the field: it is exported, or an embedded
// struct whose fields may be.
func Visible(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
}

// Keeps reports whether sessions keep the field f of the struct t. If t encodes
// itself, they keep all its fields.
func Keeps(t reflect.Type, f reflect.StructField) bool {
	return f.Name != "_" && (EncodesItself(t) || !Drops(f))
}

// Drops reports whether the field's name or tags say that sessions drop it, in a
// struct that does not encode itself. The default codec stores fields that only
// encoding/json skips, so these are dropped only if no codec could store them.
func Drops(f reflect.StructField) bool {
	return f.Name == "_" || Skipped(f, MessagePack) || Skipped(f, JSON) && (!Visible(f) || !storable(f.Type))
}

var storables sync.Map // of reflect.Type to bool

// storable reports whether values of type t can be stored: no part of them is a
// channel, a function, an interface or hidden.
func storable(t reflect.Type) bool {
	if known, ok := storables.Load(t); ok {
		return known.(bool)
	}
	ok := storableWithin(t, map[reflect.Type]bool{})
	storables.Store(t, ok)
	return ok
}

// storableWithin is storable for a type within those whose result is in known, or
// true while it is sought.
func storableWithin(t reflect.Type, known map[reflect.Type]bool) bool {
	if ok, met := known[t]; met {
		return ok
	}
	known[t] = true
	ok := partsStorable(t, known)
	known[t] = ok
	return ok
}

func partsStorable(t reflect.Type, known map[reflect.Type]bool) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Interface:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return storableWithin(t.Elem(), known)
	case reflect.Map:
		return storableWithin(t.Key(), known) && storableWithin(t.Elem(), known)
	case reflect.Struct:
		if EncodesItself(t) {
			return true
		}
		for f := range t.Fields() {
			if f.Name == "_" || Skipped(f, MessagePack) {
				continue
			}
			ok := Visible(f) && storableWithin(f.Type, known)
			if !ok && !Skipped(f, JSON) {
				return false
			}
		}
	}
	return true
}

// Unstorable gives, for each kind that codecs cannot store, the reason and a remedy.
var Unstorable = map[reflect.Kind]string{
	reflect.Chan:          "a channel cannot be stored; remove it",
	reflect.Func:          "a function cannot be stored; remove it",
	reflect.UnsafePointer: "an unsafe pointer cannot be stored; remove it",
	reflect.Complex64:     "a complex number cannot be stored; use two floats",
	reflect.Complex128:    "a complex number cannot be stored; use two floats",
	reflect.Uintptr:       "a uintptr cannot be stored; use a uint64",
}
