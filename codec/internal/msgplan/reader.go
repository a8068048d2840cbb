package msgplan

import (
	"github.com/seed48429006/sessions/internal/deep"
)

// chunkSize bounds the memory that one kept string keeps with it. Longer strings
// than ownText have memory of their own.
const (
	chunkSize = 2 << 10
	ownText   = 256
)

// A reader reads MessagePack from a slice. Its methods report false to give up.
//
// It trusts no length. Each value takes a byte at least, so the values that the open
// arrays and maps lack must fit into the rest of the data. So all slices together
// never get more elements than the data has bytes.
type reader struct {
	data []byte
	pos  int
	owed int // how many values the open arrays and maps lack

	chunk   string // a copy of data from chunkAt on, which short strings share
	chunkAt int
}

func (r *reader) rest() int { return len(r.data) - r.pos }

// code reads one byte.
func (r *reader) code() (c byte, ok bool) {
	if r.pos == len(r.data) {
		return 0, false
	}
	c = r.data[r.pos]
	r.pos++
	return c, true
}

// null reads a nil, if one is next.
func (r *reader) null() bool {
	if r.pos < len(r.data) && r.data[r.pos] == codeNil {
		r.pos++
		return true
	}
	return false
}

// fixed reads a number of size bytes.
func (r *reader) fixed(size int) (n uint64, ok bool) {
	if size > r.rest() {
		return 0, false
	}
	for _, b := range r.data[r.pos : r.pos+size] {
		n = n<<8 | uint64(b)
	}
	r.pos += size
	return n, true
}

// pass passes over n bytes.
func (r *reader) pass(n uint64) bool {
	if n > uint64(r.rest()) {
		return false
	}
	r.pos += int(n)
	return true
}

// integer reads an integer, or zero for a nil. If large is true, it is uint64(n).
func (r *reader) integer() (n int64, large, ok bool) {
	c, ok := r.code()
	switch {
	case !ok:
		return 0, false, false
	case c <= 0x7f, c >= codeNegative:
		return int64(int8(c)), false, true
	case c >= codeUint8 && c < codeUint8+4:
		u, ok := r.fixed(1 << (c - codeUint8))
		return int64(u), int64(u) < 0, ok
	case c >= codeInt8 && c < codeInt8+4:
		size := 1 << (c - codeInt8)
		u, ok := r.fixed(size)
		unused := 64 - 8*size
		return int64(u<<unused) >> unused, false, ok
	}
	return 0, false, c == codeNil
}

// blob reads a string or bytes. The result is a part of the data.
func (r *reader) blob() (b []byte, ok bool) {
	c, ok := r.code()
	var n uint64
	switch {
	case c&0xe0 == codeText:
		n = uint64(c & 0x1f)
	case c >= codeText8 && c < codeText8+3:
		n, ok = r.fixed(1 << (c - codeText8))
	case c >= codeBytes8 && c < codeBytes8+3:
		n, ok = r.fixed(1 << (c - codeBytes8))
	default:
		return nil, false
	}
	begin := r.pos
	if !ok || !r.pass(n) {
		return nil, false
	}
	return r.data[begin:r.pos], true
}

// text reads a string, or an empty one for a nil. Short ones share memory.
func (r *reader) text() (s string, ok bool) {
	if r.null() {
		return "", true
	}
	b, ok := r.blob()
	switch begin, n := r.pos-len(b), len(b); {
	case !ok || n == 0:
		return "", ok
	case n > ownText:
		return string(b), true
	default:
		return r.shared(begin, n), true
	}
}

// shared returns a short string that begins at an index of the data.
func (r *reader) shared(begin, n int) string {
	if begin+n > r.chunkAt+len(r.chunk) {
		r.chunkAt = begin
		r.chunk = string(r.data[begin:min(begin+chunkSize, len(r.data))])
	}
	return r.chunk[begin-r.chunkAt:][:n]
}

// arrayHead reads the head of an array. Each value then takes one off owed.
func (r *reader) arrayHead(depth int) (n int, ok bool) {
	return r.head(codeArray, codeArray16, 1, depth)
}

// mapHead reads the head of a map. Each pair then takes two off owed.
func (r *reader) mapHead(depth int) (n int, ok bool) {
	return r.head(codeMap, codeMap16, 2, depth)
}

func (r *reader) head(fixed, code16 byte, each, depth int) (n int, ok bool) {
	c, ok := r.code()
	length := uint64(c & 0x0f)
	switch {
	case c&0xf0 == fixed:
	case c == code16 || c == code16+1:
		length, ok = r.fixed(2 << (c - code16))
	default:
		return 0, false
	}
	return int(length), ok && r.enter(length, each, depth)
}

// enter opens an array of n values, or a map of n pairs, within so many others.
func (r *reader) enter(n uint64, each, depth int) bool {
	free := r.rest() - r.owed
	if depth == deep.MaxDepth || free < 0 || n > uint64(free/each) {
		return false
	}
	r.owed += int(n) * each
	return true
}
