package codec

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"sync"
	"time"
)

// errRange is returned for a stored number that its field cannot hold: msgpack/v5
// would cut it to the field's size. It happens when a field's type has changed.
var errRange = errors.New("codec: a stored number does not fit the type of its field")

// A shape describes where the integers of a type are in its encoding. It is nil
// for a type without integers, and for one that encodes itself.
type shape struct {
	kind   reflect.Kind
	min    int64  // of a signed integer
	max    uint64 // of an integer
	elem   *shape // of a slice, an array or a map
	key    *shape // of a map
	fields map[string]*shape
}

var shapes struct {
	sync.Mutex
	m map[reflect.Type]*shape
}

func shapeOf(t reflect.Type) *shape {
	shapes.Lock()
	defer shapes.Unlock()
	if s, ok := shapes.m[t]; ok {
		return s
	}
	if shapes.m == nil {
		shapes.m = make(map[reflect.Type]*shape)
	}
	s := makeShape(t, make(map[reflect.Type]*shape))
	shapes.m[t] = s
	return s
}

// makeShape makes the shape of t. A type that is met again within itself has the
// shape that is being made.
func makeShape(t reflect.Type, open map[reflect.Type]*shape) *shape {
	for t.Kind() == reflect.Pointer && msgpackRules.from(t.Elem()) == nil {
		t = t.Elem()
	}
	if s, ok := open[t]; ok {
		return s
	}
	if t == reflect.TypeFor[time.Time]() || t.Kind() == reflect.Pointer || msgpackRules.from(t) != nil {
		return nil
	}
	s := &shape{kind: t.Kind()}
	open[t] = s
	switch k := t.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		s.max = 1<<(t.Bits()-1) - 1
		s.min = -1 << (t.Bits() - 1)
		return s
	case k >= reflect.Uint && k <= reflect.Uint64:
		s.max = math.MaxUint64 >> (64 - t.Bits())
		return s
	case k == reflect.Slice || k == reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 { // stored as bytes
			break
		}
		s.elem = makeShape(t.Elem(), open)
	case k == reflect.Map:
		s.key, s.elem = makeShape(t.Key(), open), makeShape(t.Elem(), open)
	case k == reflect.Struct:
		s.fields = make(map[string]*shape)
		for _, m := range msgpackFields(&checker{rules: msgpackRules, seen: map[sight]bool{}}, t, "") {
			if inner := makeShape(m.typ, open); inner != nil {
				s.fields[m.name] = inner
			}
		}
	}
	if s.elem == nil && s.key == nil && len(s.fields) == 0 {
		delete(open, t)
		return nil
	}
	return s
}

// A ranger goes through data that a walker has accepted, and compares its integers
// with the fields that are to hold them.
type ranger struct {
	data []byte
	pos  int
}

// check passes one value, which is to be decoded into a value of shape s.
func (r *ranger) check(s *shape) error {
	c := r.data[r.pos]
	if s == nil || c == 0xc0 { // nil
		r.skip(1)
		return nil
	}
	switch {
	case s.kind >= reflect.Int && s.kind <= reflect.Uint64:
		return r.integer(s)
	case s.fields != nil && isMap(c):
		return r.structure(s)
	case s.kind == reflect.Map && isMap(c):
		for range r.length() {
			if err := r.check(s.key); err != nil {
				return err
			}
			if err := r.check(s.elem); err != nil {
				return err
			}
		}
		return nil
	case s.elem != nil && isArray(c):
		for range r.length() {
			if err := r.check(s.elem); err != nil {
				return err
			}
		}
		return nil
	}
	r.skip(1) // the decoder refuses it
	return nil
}

func (r *ranger) structure(s *shape) error {
	for range r.length() {
		name, ok := r.text()
		if !ok {
			r.skip(2)
			continue
		}
		if err := r.check(s.fields[string(name)]); err != nil {
			return err
		}
	}
	return nil
}

// integer passes a number and compares it with the range of s.
func (r *ranger) integer(s *shape) error {
	c := r.data[r.pos]
	rest := r.data[r.pos+1:]
	var u uint64
	var i int64
	switch {
	case c <= 0x7f:
		u, i = uint64(c), int64(c)
	case c >= 0xe0:
		i = int64(int8(c))
	case c == 0xcc:
		u = uint64(rest[0])
	case c == 0xcd:
		u = uint64(binary.BigEndian.Uint16(rest))
	case c == 0xce:
		u = uint64(binary.BigEndian.Uint32(rest))
	case c == 0xcf:
		u = binary.BigEndian.Uint64(rest)
	case c == 0xd0:
		i = int64(int8(rest[0]))
	case c == 0xd1:
		i = int64(int16(binary.BigEndian.Uint16(rest)))
	case c == 0xd2:
		i = int64(int32(binary.BigEndian.Uint32(rest)))
	case c == 0xd3:
		i = int64(binary.BigEndian.Uint64(rest))
	case c == 0xca || c == 0xcb: // a float, which msgpack/v5 would cut
		return errRange
	}
	r.skip(1)
	if i > 0 {
		u = uint64(i)
	}
	if i < s.min || i >= 0 && u > s.max {
		return errRange
	}
	return nil
}

func isMap(c byte) bool   { return c&0xf0 == 0x80 || c == 0xde || c == 0xdf }
func isArray(c byte) bool { return c&0xf0 == 0x90 || c == 0xdc || c == 0xdd }

// length passes the head of an array or a map and returns its length.
func (r *ranger) length() int {
	c := r.data[r.pos]
	r.pos++
	if c < 0xa0 {
		return int(c & 0x0f)
	}
	size := 2 << (c & 1) // 0xdc and 0xde have two bytes, 0xdd and 0xdf four
	return r.number(size)
}

// number passes a big-endian number of size bytes.
func (r *ranger) number(size int) (n int) {
	for _, b := range r.data[r.pos : r.pos+size] {
		n = n<<8 | int(b)
	}
	r.pos += size
	return n
}

// text passes a string and returns it; ok is false, and nothing is passed, if there
// is none.
func (r *ranger) text() (text []byte, ok bool) {
	var n int
	switch c := r.data[r.pos]; {
	case c&0xe0 == 0xa0:
		n = int(c & 0x1f)
		r.pos++
	case c >= 0xd9 && c <= 0xdb:
		r.pos++
		n = r.number(1 << (c - 0xd9))
	default:
		return nil, false
	}
	text = r.data[r.pos : r.pos+n]
	r.pos += n
	return text, true
}

// skip passes so many values, with all that they contain.
func (r *ranger) skip(values int) {
	for ; values > 0; values-- {
		c := r.data[r.pos]
		switch {
		case isMap(c):
			values += 2 * r.length()
		case isArray(c):
			values += r.length()
		case c <= 0x7f || c >= 0xe0:
			r.pos++
		case c <= 0xbf:
			r.pos += 1 + int(c&0x1f)
		default:
			r.skipFormat(formats[c-0xc0])
		}
	}
}

func (r *ranger) skipFormat(f format) {
	r.pos++
	n := int(f.size)
	if f.family != fixed && f.family != fixedExt {
		n = r.number(n)
	}
	if f.family == ext || f.family == fixedExt {
		n++ // its type
	}
	r.pos += n
}
