// Package storable finds the parts of types that sessions cannot keep, as session.Check
// does with reflection, while the types are being compiled. It finds fewer parts: each
// that it finds, session.Check finds too.
package storable

import (
	"fmt"
	"go/types"
	"reflect"
	"strings"
)

// Check returns what sessions cannot keep of values of type t, each with its path,
// which begins with name.
func Check(t types.Type, name string) []string {
	c := typeChecker{open: map[types.Type]bool{}}
	c.check(t, name)
	return c.problems
}

type typeChecker struct {
	problems []string
	open     map[types.Type]bool
}

func (c *typeChecker) refuse(path, problem string) {
	c.problems = append(c.problems, fmt.Sprintf("%s: %s", path, problem))
}

const orTag = ", or tag it `msgpack:\"-\" json:\"-\"`"

func (c *typeChecker) check(t types.Type, path string) {
	if c.open[t] || encodesItself(t) {
		return
	}
	c.open[t] = true
	defer delete(c.open, t)
	switch u := t.Underlying().(type) {
	case *types.Chan:
		c.refuse(path, "a channel cannot be stored; remove it"+orTag)
	case *types.Signature:
		c.refuse(path, "a function cannot be stored; remove it"+orTag)
	case *types.Interface:
		c.refuse(path, "values of an interface are decoded as another type; use a concrete type"+orTag)
	case *types.Basic:
		c.basic(u, path)
	case *types.Pointer:
		c.check(u.Elem(), path)
	case *types.Slice:
		c.check(u.Elem(), path+"[]")
	case *types.Array:
		c.check(u.Elem(), path+"[]")
	case *types.Map:
		c.check(u.Key(), path+"[key]")
		c.check(u.Elem(), path+"[]")
	case *types.Struct:
		c.fields(u, path)
	}
}

func (c *typeChecker) basic(t *types.Basic, path string) {
	switch {
	case t.Info()&types.IsComplex != 0:
		c.refuse(path, "a complex number cannot be stored; use two floats"+orTag)
	case t.Kind() == types.Uintptr:
		c.refuse(path, "a uintptr cannot be stored; use a uint64"+orTag)
	case t.Kind() == types.UnsafePointer:
		c.refuse(path, "an unsafe pointer cannot be stored; remove it"+orTag)
	}
}

func (c *typeChecker) fields(s *types.Struct, path string) {
	for i := range s.NumFields() {
		f := s.Field(i)
		if f.Name() == "_" || skipped(s.Tag(i)) {
			continue
		}
		_, isStruct := f.Type().Underlying().(*types.Struct)
		if !f.Exported() && !(f.Embedded() && isStruct) {
			c.refuse(path+"."+f.Name(), "an unexported field would be lost; export it"+orTag)
			continue
		}
		c.check(f.Type(), path+"."+f.Name())
	}
}

// skipped reports whether a tag takes the field out of a codec's encoding.
func skipped(tag string) bool {
	msgpack, _, _ := strings.Cut(reflect.StructTag(tag).Get("msgpack"), ",")
	return msgpack == "-" || reflect.StructTag(tag).Get("json") == "-"
}

// encodesItself reports whether t has methods that a codec uses instead of its
// fields.
func encodesItself(t types.Type) bool {
	set := types.NewMethodSet(types.NewPointer(t))
	has := func(name string) bool {
		for m := range set.Methods() {
			if m.Obj().Name() == name {
				return true
			}
		}
		return false
	}
	for _, pair := range [][2]string{
		{"MarshalBinary", "UnmarshalBinary"}, {"MarshalText", "UnmarshalText"}, {"MarshalJSON", "UnmarshalJSON"},
		{"EncodeMsgpack", "DecodeMsgpack"}, {"MarshalMsgpack", "UnmarshalMsgpack"},
	} {
		if has(pair[0]) && has(pair[1]) {
			return true
		}
	}
	return false
}
