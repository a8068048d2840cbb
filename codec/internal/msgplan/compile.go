package msgplan

import (
	"reflect"
	"time"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

var timeType = reflect.TypeFor[time.Time]()

// A compiler makes the nodes of a type and of all types in it.
type compiler struct {
	made    map[reflect.Type]node
	order   []reflect.Type // of made, parts before the types that they are parts of
	foreign func(reflect.Type) Foreign
	handed  map[reflect.Type]bool // types that are left to msgpack/v5 in any case
}

func (c *compiler) node(t reflect.Type) node {
	if n, ok := c.made[t]; ok {
		return n
	}
	back := new(recursion)
	c.made[t] = back
	back.node = c.compile(t)
	c.made[t] = back.node
	c.order = append(c.order, t)
	return back.node
}

func (c *compiler) compile(t reflect.Type) node {
	switch pair := marshalledBy(t); {
	case c.isForeign(t):
		return &foreign{t, c.foreign(t)}
	case t == timeType:
		return instant{}
	case pair != nil:
		return &marshalled{typeinfo.Of(t), pair}
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.structure(t)
	case reflect.Slice:
		return c.slice(t)
	case reflect.Array:
		if isByte(t.Elem()) {
			return &byteArray{t.Len()}
		}
		return &array{newRun(c, t.Elem()), t.Len()}
	case reflect.Map:
		return c.mapping(t)
	case reflect.Pointer:
		return &pointer{t.Elem(), c.node(t.Elem())}
	}
	return basics[t.Kind()]
}

func (c *compiler) slice(t reflect.Type) node {
	switch elem := t.Elem(); {
	case isByte(elem):
		return byteSlice{}
	case elem.Kind() == reflect.String && !encodesItself(elem):
		return stringSlice{}
	}
	return &slice{newRun(c, t.Elem()), t}
}

func (c *compiler) mapping(t reflect.Type) node {
	if t.Key() == reflect.TypeFor[string]() {
		switch t.Elem() {
		case reflect.TypeFor[string]():
			return &sortedMap[string]{basics[reflect.String]}
		case reflect.TypeFor[bool]():
			return &sortedMap[bool]{basics[reflect.Bool]}
		}
	}
	return &mapping{t, c.node(t.Key()), c.node(t.Elem())}
}

// basics are the nodes of types whose values hold no others.
var basics = map[reflect.Kind]node{
	reflect.Bool:    boolean{},
	reflect.String:  text{},
	reflect.Int:     signed[int]{},
	reflect.Int8:    signed[int8]{},
	reflect.Int16:   signed[int16]{},
	reflect.Int32:   signed[int32]{},
	reflect.Int64:   signed[int64]{},
	reflect.Uint:    unsigned[uint]{},
	reflect.Uint8:   unsigned[uint8]{},
	reflect.Uint16:  unsigned[uint16]{},
	reflect.Uint32:  unsigned[uint32]{},
	reflect.Uint64:  unsigned[uint64]{},
	reflect.Float32: float32s{},
	reflect.Float64: float64s{},
}

// isByte reports whether msgpack/v5 stores a slice or an array of t as bytes.
func isByte(t reflect.Type) bool { return t.Kind() == reflect.Uint8 }

// A recursion is the node of a type that occurs within itself.
type recursion struct{ node }
