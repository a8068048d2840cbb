package codec

import (
	"errors"
	"fmt"
)

// Errors of the scan before decoding and after encoding.
var (
	errTruncated = errors.New("codec: the data ends within a value")
	errTrailing  = errors.New("codec: there is more data after the value")
	errTooDeep   = fmt.Errorf("codec: the value nests deeper than %d levels", MaxDepth)
	errInterned  = errors.New("codec: interned strings are not supported")
)

// internedExt is the extension that msgpack/v5 decodes as an index into the strings
// before it.
const internedExt = 0x80

// A family is the layout of the bytes after a format byte.
type family uint8

const (
	reserved family = iota
	fixed           // size bytes
	blob            // a length of size bytes, then that many bytes
	array           // a length of size bytes, then that many values
	mapping         // a length of size bytes, then twice that many values
	fixedExt        // a type, then size bytes
	ext             // a length of size bytes, a type, then that many bytes
)

type format struct {
	family family
	size   uint8
}

// formats describes the bytes from 0xc0 to 0xdf. All other bytes include the length.
var formats = [32]format{
	0x00: {fixed, 0},                   // nil
	0x02: {fixed, 0}, 0x03: {fixed, 0}, // false, true
	0x04: {blob, 1}, 0x05: {blob, 2}, 0x06: {blob, 4}, // bin
	0x07: {ext, 1}, 0x08: {ext, 2}, 0x09: {ext, 4},
	0x0a: {fixed, 4}, 0x0b: {fixed, 8}, // float
	0x0c: {fixed, 1}, 0x0d: {fixed, 2}, 0x0e: {fixed, 4}, 0x0f: {fixed, 8}, // uint
	0x10: {fixed, 1}, 0x11: {fixed, 2}, 0x12: {fixed, 4}, 0x13: {fixed, 8}, // int
	0x14: {fixedExt, 1}, 0x15: {fixedExt, 2}, 0x16: {fixedExt, 4}, 0x17: {fixedExt, 8}, 0x18: {fixedExt, 16},
	0x19: {blob, 1}, 0x1a: {blob, 2}, 0x1b: {blob, 4}, // str
	0x1c: {array, 2}, 0x1d: {array, 4},
	0x1e: {mapping, 2}, 0x1f: {mapping, 4},
}

// A walker scans MessagePack data once, without decoding it. It accepts data that is
// safe to decode: exactly one value, at most [MaxDepth] deep, with no length beyond
// the end of the data.
type walker struct {
	data  []byte
	pos   int
	depth int
	open  [MaxDepth]int // how many values each open array or map lacks
	exts  []int         // where the payloads of extensions begin
	found span          // of all integers
}

// walk checks data. It keeps no reference to it.
func (w *walker) walk(data []byte) error {
	w.data, w.pos, w.depth, w.exts, w.found = data, 0, 0, w.exts[:0], span{}
	defer func() { w.data = nil }()
	for {
		opened, err := w.value()
		if err != nil {
			return err
		}
		if !opened && w.closed() {
			break
		}
	}
	if w.pos != len(data) {
		return errTrailing
	}
	return nil
}

// closed counts a complete value, and the arrays and maps that it completes. It
// reports whether none is open.
func (w *walker) closed() bool {
	for w.depth > 0 {
		w.open[w.depth-1]--
		if w.open[w.depth-1] > 0 {
			return false
		}
		w.depth--
	}
	return true
}

// value skips a scalar or an empty array or map, or opens another one.
func (w *walker) value() (opened bool, err error) {
	if w.pos == len(w.data) {
		return false, errTruncated
	}
	c := w.data[w.pos]
	w.pos++
	switch {
	case c <= 0x7f: // an integer
		return false, nil
	case c >= 0xe0: // a negative one
		w.found.low = min(w.found.low, int64(int8(c)))
		return false, nil
	case c <= 0x8f:
		return w.enter(int(c&0x0f), 2)
	case c <= 0x9f:
		return w.enter(int(c&0x0f), 1)
	case c <= 0xbf:
		return false, w.skip(int(c & 0x1f))
	}
	return w.formatted(formats[c-0xc0])
}

func (w *walker) formatted(f format) (opened bool, err error) {
	n := int(f.size)
	if f.family != fixed && f.family != fixedExt {
		if n, err = w.length(n); err != nil {
			return false, err
		}
	}
	switch f.family {
	case fixed:
		return false, w.fixed(n)
	case blob:
		return false, w.skip(n)
	case array:
		return w.enter(n, 1)
	case mapping:
		return w.enter(n, 2)
	case ext, fixedExt:
		return false, w.extension(n)
	}
	return false, fmt.Errorf("codec: 0x%x is not a MessagePack format", w.data[w.pos-1])
}

// fixed skips a value of n bytes, and notes it if it is an integer.
func (w *walker) fixed(n int) error {
	at := w.pos - 1
	if err := w.skip(n); err != nil {
		return err
	}
	if isInteger(w.data[at]) {
		w.found = w.found.or(integerAt(w.data[at:w.pos]))
	}
	return nil
}

// enter opens an array of n values, or a map of n pairs. Each value takes at
// least a byte.
func (w *walker) enter(n, each int) (opened bool, err error) {
	if n > (len(w.data)-w.pos)/each {
		return false, errTruncated
	}
	if w.depth == MaxDepth {
		return false, errTooDeep
	}
	if n == 0 {
		return false, nil
	}
	w.open[w.depth] = n * each
	w.depth++
	return true, nil
}

// length reads a length of size bytes. It refuses one that exceeds the data.
func (w *walker) length(size int) (int, error) {
	if size > len(w.data)-w.pos {
		return 0, errTruncated
	}
	var n uint64
	for _, b := range w.data[w.pos : w.pos+size] {
		n = n<<8 | uint64(b)
	}
	w.pos += size
	if n > uint64(len(w.data)) {
		return 0, errTruncated
	}
	return int(n), nil
}

func (w *walker) skip(n int) error {
	if n > len(w.data)-w.pos {
		return errTruncated
	}
	w.pos += n
	return nil
}

// extension skips an extension's type and its payload of n bytes.
func (w *walker) extension(n int) error {
	if err := w.skip(1); err != nil {
		return err
	}
	if w.data[w.pos-1] == internedExt {
		return errInterned
	}
	if n > 0 {
		w.exts = append(w.exts, w.pos)
	}
	return w.skip(n)
}
