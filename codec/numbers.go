package codec

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// numbers are the integers that a type can hold. The decoder of msgpack/v5 wraps:
// it decodes 300 as an int8 of 44, and -1 as the largest uint64. A field with a
// narrower type than before would change its value without an error.
//
// Integers that fit into the narrowest type in T fit everywhere. [walker] finds
// their range. Only data with others is compared with T.
type numbers struct {
	root      *shape
	narrowest span
	bounded   bool // the type has numbers of package math/big
}

// check returns an error if data has an integer that does not fit into its type.
// [walker] must have accepted data, and found must hold all its integers.
func (n *numbers) check(data []byte, found span) error {
	if n.narrowest.holds(found) && !n.bounded {
		return nil
	}
	f := fitter{data: data}
	if wrong := f.value(n.root); wrong != nil {
		return wrong
	}
	return nil
}

// A span is a range of integers around zero.
type span struct {
	low  int64
	high uint64
}

var everything = span{math.MinInt64, math.MaxUint64}

func (s span) holds(n span) bool { return s.low <= n.low && n.high <= s.high }

func (s span) and(other span) span { return span{max(s.low, other.low), min(s.high, other.high)} }

func (s span) or(other span) span { return span{min(s.low, other.low), max(s.high, other.high)} }

// isInteger reports whether a value that begins with c is an integer.
func isInteger(c byte) bool { return c <= 0x7f || c >= 0xe0 || 0xcc <= c && c <= 0xd3 }

// integerAt returns the smallest span with the integer at the beginning of data.
func integerAt(data []byte) span {
	c := data[0]
	switch {
	case c <= 0x7f:
		return span{high: uint64(c)}
	case c >= 0xe0:
		return span{low: int64(int8(c))}
	}
	size := formats[c-0xc0].size
	n := bigEndian(data[1 : 1+size])
	if unused := 64 - 8*size; c >= 0xd0 && int64(n<<unused) < 0 {
		return span{low: int64(n<<unused) >> unused}
	}
	return span{high: n}
}

func bigEndian(data []byte) (n uint64) {
	for _, b := range data {
		n = n<<8 | uint64(b)
	}
	return n
}

// A misfit is the error about an integer that does not fit into its type.
type misfit struct {
	path   string
	number span
	typ    reflect.Type
	long   bool // its type is from package math/big
}

func (m *misfit) Error() string {
	number := fmt.Sprint("number ", m.number.high)
	if m.number.low < 0 {
		number = fmt.Sprint("number ", m.number.low)
	}
	if m.long {
		number = "long number"
	}
	if m.path == "" {
		return fmt.Sprintf("codec: the %s does not fit into type %v", number, m.typ)
	}
	return fmt.Sprintf("codec: %s: the %s does not fit into type %v", strings.TrimPrefix(m.path, "."), number, m.typ)
}

// in puts the part of the value around m in front of its path.
func (m *misfit) in(part string) *misfit {
	m.path = part + m.path
	return m
}

// A fitter compares data with a shape. Where they differ in form, it accepts the
// data, since the decoder refuses it.
type fitter struct {
	data []byte
	pos  int
}

// value passes one value.
func (f *fitter) value(s *shape) *misfit {
	at := f.data[f.pos:]
	kind, head, n := headOf(at)
	f.pos += head
	switch kind {
	case array:
		return f.array(s, n)
	case mapping:
		return f.mapping(s, n)
	}
	f.pos += n
	if s != nil && kind == blob && typeinfo.Of(s.typ).Excessive(f.data[f.pos-n:f.pos]) {
		return &misfit{typ: s.typ, long: true}
	}
	if s != nil && s.number && isInteger(at[0]) {
		if n := integerAt(at); !s.fits(n) {
			return &misfit{number: n, typ: s.typ}
		}
	}
	return nil
}

func (f *fitter) array(s *shape, n int) *misfit {
	for i := range n {
		if wrong := f.value(s.at(i, n)); wrong != nil {
			return wrong.in("[]")
		}
	}
	return nil
}

func (f *fitter) mapping(s *shape, n int) *misfit {
	for range n {
		key := f.data[f.pos:]
		if wrong := f.value(s.keys()); wrong != nil {
			return wrong.in("[key]")
		}
		name := textOf(key)
		if wrong := f.value(s.under(name)); wrong != nil && s.fields != nil {
			return wrong.in("." + string(name))
		} else if wrong != nil {
			return wrong.in("[]")
		}
	}
	return nil
}

// headOf returns the family of the value at the beginning of data, the length of
// its head, and the number of bytes, values or pairs that follow.
func headOf(data []byte) (kind family, head, n int) {
	c := data[0]
	switch {
	case c <= 0x7f || c >= 0xe0:
		return fixed, 1, 0
	case c <= 0x8f:
		return mapping, 1, int(c & 0x0f)
	case c <= 0x9f:
		return array, 1, int(c & 0x0f)
	case c <= 0xbf:
		return blob, 1, int(c & 0x1f)
	}
	f := formats[c-0xc0]
	size := int(f.size)
	switch f.family {
	case fixed:
		return fixed, 1, size
	case fixedExt:
		return fixedExt, 2, size
	case ext:
		return ext, 2 + size, int(bigEndian(data[1 : 1+size]))
	}
	return f.family, 1 + size, int(bigEndian(data[1 : 1+size]))
}

// textOf returns the text at the beginning of data, or nil if it begins with
// another value.
func textOf(data []byte) []byte {
	kind, head, n := headOf(data)
	if kind != blob {
		return nil
	}
	return data[head : head+n]
}
