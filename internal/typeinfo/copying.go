package typeinfo

import (
	"reflect"
	"slices"
)

// How says by which means copies of values are made.
type How int

const (
	ByParts    How = iota // each part by its own means
	Assigned              // by assignment
	Cloned                // by the type's method Clone
	Marshalled            // through the methods by which a codec stores values
	Shared                // by assignment, which shares hidden state: such types are refused
)

// Copying is how copies of a type's values are made.
type Copying struct {
	How   How
	Pair  *Pair // of a type that is Marshalled
	Clone int   // the index of the method in the pointer's type
}

// Copying returns how copies of the type's values are made. Types without hidden state
// are copied part by part. Others go through the methods by which the default codec
// stores them, or else through the methods of JSON. A type that only msgpack/v5 can
// encode needs a method Clone: a program without package codec must be able to copy it
// too.
func (i *Info) Copying() Copying { return i.copying() }

func (i *Info) howCopied() Copying { return copyingOf(i, map[*Info]bool{}) }

// copyingOf is howCopied for a type within the types in open.
func copyingOf(i *Info, open map[*Info]bool) Copying {
	switch {
	case immutable[i.Type], open[i]:
		return Copying{How: ByParts}
	case i.Kind() == reflect.Struct && i.Hidden():
		if flat(i.Type) {
			return Copying{How: Assigned}
		}
	case !partsShare(i, open):
		return Copying{How: ByParts}
	}
	if own := i.own[MessagePack]; own.To == CustomPair || own.From == CustomPair {
		if clone, ok := cloneMethod(i.Type); ok {
			return Copying{How: Cloned, Clone: clone}
		}
		return Copying{How: Shared}
	}
	for _, c := range Codecs {
		if p := i.By(c); p != nil {
			return Copying{How: Marshalled, Pair: p}
		}
	}
	return Copying{How: Shared}
}

// partsShare reports whether copies of a part of the type would share hidden state.
func partsShare(i *Info, open map[*Info]bool) bool {
	open[i] = true
	defer delete(open, i)
	shares := func(t reflect.Type) bool { return copyingOf(Of(t), open).How == Shared }
	switch i.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return shares(i.Elem())
	case reflect.Interface: // whatever is inside
		return true
	case reflect.Struct:
		return slices.ContainsFunc(i.Fields, func(f Field) bool {
			return (i.EncodesItself() || !f.Tags[MessagePack].Skip) && shares(f.Type)
		})
	}
	return false
}

// flat reports whether a copy of a t by assignment shares nothing that may change.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		if immutable[t] {
			return true
		}
		for f := range t.Fields() {
			if !flat(f.Type) {
				return false
			}
		}
	}
	return true
}

// cloneMethod returns the index of the method Clone() t in *t.
func cloneMethod(t reflect.Type) (index int, ok bool) {
	ptr := reflect.PointerTo(t)
	m, ok := ptr.MethodByName("Clone")
	return m.Index, ok && m.Type == reflect.FuncOf([]reflect.Type{ptr}, []reflect.Type{t}, false)
}
