// Package typeinfo describes types of session values. It decides once which fields are
// stored, under which names, which types encode themselves and by which methods, how
// copies are made, and what cannot be stored at all.
//
// Package deep, the codecs and the suite for codecs are written on these descriptions.
//
// The package reads the struct tags of msgpack/v5 and of encoding/json, and does not
// import msgpack/v5: sessions without a codec need not link that.
package typeinfo

import (
	"reflect"
	"sync"
)

// MaxDepth is how deep a value may nest. Structs, slices, arrays and maps count.
const MaxDepth = 64

// A Codec names a library that encodes values.
type Codec int

const (
	MessagePack Codec = iota // msgpack/v5
	JSON                     // encoding/json
)

// Codecs are all codecs, the default first.
var Codecs = [...]Codec{MessagePack, JSON}

func (c Codec) String() string { return [...]string{"MessagePack", "JSON"}[c] }

// Tag returns the key of the codec's struct tags.
func (c Codec) Tag() string { return [...]string{"msgpack", "json"}[c] }

// Info describes one type. It is immutable.
type Info struct {
	reflect.Type
	Fields []Field // of a struct: all, in the order of declaration
	own    [len(Codecs)]Own

	members [len(Codecs)]func() *Members
	copying func() Copying
}

var infos sync.Map // of reflect.Type to *Info

// Of returns the description of t. Descriptions are made once and kept.
func Of(t reflect.Type) *Info {
	if known, ok := infos.Load(t); ok {
		return known.(*Info)
	}
	i := &Info{Type: t}
	for _, c := range Codecs {
		i.own[c] = ownOf(t, c)
	}
	if t.Kind() == reflect.Struct {
		for f := range t.Fields() {
			i.Fields = append(i.Fields, newField(i, f))
		}
	}
	i.members[MessagePack] = sync.OnceValue(func() *Members { return msgpackMembers(i) })
	i.members[JSON] = sync.OnceValue(func() *Members { return jsonMembers(i, nil) })
	i.copying = sync.OnceValue(i.howCopied)
	known, _ := infos.LoadOrStore(t, i)
	return known.(*Info)
}

// Own returns the methods that the codec calls on addressable values.
func (i *Info) Own(c Codec) Own { return i.own[c] }

// By returns the pair of methods by which the codec encodes and decodes values, or
// nil if it does that by the type's kind.
func (i *Info) By(c Codec) *Pair {
	if o := i.own[c]; o.To == o.From {
		return o.From
	}
	return nil
}

// EncodesItself reports whether a codec uses methods of the type instead of its parts.
// Sessions then keep all its fields.
func (i *Info) EncodesItself() bool { return i.By(MessagePack) != nil || i.By(JSON) != nil }

// AlwaysEncodesItself reports whether every codec uses methods of the type.
func (i *Info) AlwaysEncodesItself() bool { return i.By(MessagePack) != nil && i.By(JSON) != nil }

// Members returns the fields of a struct as the codec stores them.
func (i *Info) Members(c Codec) *Members { return i.members[c]() }

// Hidden reports whether a struct has state that no codec sees: an unexported field that
// no tag takes out.
func (i *Info) Hidden() bool {
	for k := range i.Fields {
		f := &i.Fields[k]
		if !f.Visible() && f.Name != "_" && f.Name != "_msgpack" && !f.Tags[MessagePack].Skip && !f.Tags[JSON].Skip {
			return true
		}
	}
	return false
}

// InPackage returns the path of the package that declares the type, or an element of
// it. It is empty for predeclared types.
func (i *Info) InPackage() string {
	t := i.Type
	for t.Name() == "" {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return ""
		}
	}
	return t.PkgPath()
}
