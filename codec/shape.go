package codec

import (
	"math"
	"math/bits"
	"reflect"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A shape describes the data that a codec's encoding of a type may have in each place. A
// nil shape may have anything: the type encodes itself, or is unknown.
type shape struct {
	typ       reflect.Type
	number    bool
	span      span // of integers that a number holds
	precision int  // of a float, in bits
	own       bool // the type writes JSON of its own
	array     bool
	len       int // of an array

	fields map[string]*shape // of a struct
	order  []*shape          // the same, for a struct that is read from an array
	key    *shape            // of a map
	elem   *shape            // of a map, a slice or an array
}

// numbersOf returns the numbers of t.
func numbersOf(t reflect.Type) numbers {
	c := shaper{codec: typeinfo.MessagePack, made: map[reflect.Type]*shape{}, narrowest: everything}
	root := c.shape(t)
	return numbers{root, c.narrowest, c.bounded}
}

// A shaper makes the shapes of a type and of all types in it.
type shaper struct {
	codec     typeinfo.Codec
	made      map[reflect.Type]*shape
	narrowest span
	bounded   bool // the type has numbers of package math/big
}

func (c *shaper) shape(t reflect.Type) *shape {
	for range MaxDepth { // at most: a type may be a pointer to itself
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	info := typeinfo.Of(t)
	c.bounded = c.bounded || info.Bounded()
	if own := info.Own(c.codec); own.To != nil || own.From != nil {
		if c.codec == typeinfo.MessagePack && !info.Bounded() {
			return nil
		}
		return &shape{typ: t, own: own.To == typeinfo.JSONPair}
	}
	if s, ok := c.made[t]; ok {
		return s
	}
	s := &shape{typ: t}
	c.made[t] = s
	c.fill(s, t)
	return s
}

func (c *shaper) fill(s *shape, t reflect.Type) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.number(s, span{-1 << (t.Bits() - 1), 1<<(t.Bits()-1) - 1})
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.number(s, span{0, math.MaxUint64 >> (64 - t.Bits())})
	case reflect.Float32:
		c.float(s, 24)
	case reflect.Float64:
		c.float(s, 53)
	case reflect.Slice, reflect.Array:
		if s.array = t.Kind() == reflect.Array; s.array {
			s.len = t.Len()
		}
		if t.Elem().Kind() != reflect.Uint8 { // bytes are not integers in the encoding
			s.elem = c.shape(t.Elem())
		}
	case reflect.Map:
		s.key, s.elem = c.shape(t.Key()), c.shape(t.Elem())
	case reflect.Struct:
		c.structs(s)
	}
}

func (c *shaper) number(s *shape, holds span) {
	s.number, s.span = true, holds
	c.narrowest = c.narrowest.and(holds)
}

// float fills the shape of a type that holds every integer of so many bits, and
// some larger ones.
func (c *shaper) float(s *shape, precision int) {
	s.precision = precision
	c.number(s, span{-1 << precision, 1 << precision})
}

func (c *shaper) structs(s *shape) {
	s.fields = map[string]*shape{}
	for _, m := range typeinfo.Of(s.typ).Members(c.codec).List {
		field := c.shape(m.Type)
		s.order = append(s.order, field)
		s.fields[m.Name] = field
		if m.Alias != "" {
			s.fields[m.Alias] = field
		}
	}
}

// fits reports whether the number s can have the value n.
func (s *shape) fits(n span) bool {
	if s.span.holds(n) {
		return true
	}
	if s.precision == 0 || n.high > math.MaxInt64 { // msgpack/v5 decodes them as negative
		return false
	}
	size := max(n.high, -uint64(n.low))
	return bits.Len64(size>>bits.TrailingZeros64(size)) <= s.precision
}

// at returns the shape of the i-th of n values of an array.
func (s *shape) at(i, n int) *shape {
	switch {
	case s == nil:
		return nil
	case n == len(s.order):
		return s.order[i]
	}
	return s.elem
}

// keys returns the shape of a map's keys.
func (s *shape) keys() *shape {
	if s == nil {
		return nil
	}
	return s.key
}

// under returns the shape of a map's value for the key name.
func (s *shape) under(name []byte) *shape {
	switch {
	case s == nil:
		return nil
	case s.fields != nil:
		return s.fields[string(name)]
	}
	return s.elem
}
