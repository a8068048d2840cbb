package msgplan

import "math"

// Formats of MessagePack. A code of a family with a length or a number in 1, 2, 4
// or 8 bytes is that for 1 byte, plus 1, 2 or 3.
const (
	codeMap      = 0x80 // plus a length up to 15
	codeArray    = 0x90 // plus a length up to 15
	codeText     = 0xa0 // plus a length up to 31
	codeNil      = 0xc0
	codeFalse    = 0xc2
	codeTrue     = 0xc3
	codeBytes8   = 0xc4
	codeExt8     = 0xc7
	codeFloat32  = 0xca
	codeFloat64  = 0xcb
	codeUint8    = 0xcc
	codeInt8     = 0xd0
	codeFixExt1  = 0xd4
	codeFixExt4  = 0xd6
	codeFixExt8  = 0xd7
	codeText8    = 0xd9
	codeArray16  = 0xdc
	codeMap16    = 0xde
	codeNegative = 0xe0 // and up to 0xff: -32 to -1
)

// A writer appends MessagePack to a slice.
type writer struct{ out []byte }

// null writes nil. It returns true, as encode does.
func (w *writer) null() bool {
	w.out = append(w.out, codeNil)
	return true
}

func (w *writer) bool(v bool) {
	if v {
		w.out = append(w.out, codeTrue)
	} else {
		w.out = append(w.out, codeFalse)
	}
}

// fixed writes a code and a number of size bytes.
func (w *writer) fixed(code byte, size int, n uint64) {
	w.out = append(w.out, code)
	w.big(size, n)
}

// big writes a number of size bytes.
func (w *writer) big(size int, n uint64) {
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		w.out = append(w.out, byte(n>>shift))
	}
}

func (w *writer) uint(n uint64) {
	switch {
	case n <= math.MaxInt8:
		w.out = append(w.out, byte(n))
	case n <= math.MaxUint8:
		w.fixed(codeUint8, 1, n)
	case n <= math.MaxUint16:
		w.fixed(codeUint8+1, 2, n)
	case n <= math.MaxUint32:
		w.fixed(codeUint8+2, 4, n)
	default:
		w.fixed(codeUint8+3, 8, n)
	}
}

func (w *writer) int(n int64) {
	switch {
	case n >= 0:
		w.uint(uint64(n))
	case n >= -32:
		w.out = append(w.out, byte(n))
	case n >= math.MinInt8:
		w.fixed(codeInt8, 1, uint64(n))
	case n >= math.MinInt16:
		w.fixed(codeInt8+1, 2, uint64(n))
	case n >= math.MinInt32:
		w.fixed(codeInt8+2, 4, uint64(n))
	default:
		w.fixed(codeInt8+3, 8, uint64(n))
	}
}

func (w *writer) text(s string) {
	if len(s) < 32 {
		w.out = append(w.out, codeText|byte(len(s)))
	} else {
		w.length(codeText8, len(s))
	}
	w.out = append(w.out, s...)
}

func (w *writer) bytes(b []byte) {
	w.length(codeBytes8, len(b))
	w.out = append(w.out, b...)
}

// length writes a length in 1, 2 or 4 bytes.
func (w *writer) length(code8 byte, n int) {
	if n <= math.MaxUint8 {
		w.fixed(code8, 1, uint64(n))
	} else {
		w.longLength(code8+1, n)
	}
}

// longLength writes a length in 2 or 4 bytes.
func (w *writer) longLength(code16 byte, n int) {
	if n <= math.MaxUint16 {
		w.fixed(code16, 2, uint64(n))
	} else {
		w.fixed(code16+1, 4, uint64(n))
	}
}

func (w *writer) arrayHead(n int) { w.head(codeArray, codeArray16, n) }

func (w *writer) mapHead(n int) { w.head(codeMap, codeMap16, n) }

func (w *writer) head(fixed, code16 byte, n int) {
	if n < 16 {
		w.out = append(w.out, fixed|byte(n))
	} else {
		w.longLength(code16, n)
	}
}
