package codec

import (
	"errors"
	"fmt"
	"io"
)

// maxPooled bounds the size of the buffers kept between calls. Thus one large
// value does not hold memory for good.
const maxPooled = 64 << 10

// An appender writes to a slice.
type appender struct{ buf []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.buf = append(a.buf, p...)
	return len(p), nil
}

func (a *appender) WriteByte(c byte) error {
	a.buf = append(a.buf, c)
	return nil
}

var errExtension = errors.New("codec: an extension where another value is due")

// A reader reads a slice for msgpack's decoder. It knows where the payloads of
// extensions begin, and hands those out as blocks only: told to decode a map,
// that decoder takes an extension's payload for the map, and would believe
// lengths in there that [walker] never saw.
type reader struct {
	data []byte
	pos  int
	exts []int // where the payloads begin that are still to come
}

func (r *reader) ReadByte() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, io.ErrUnexpectedEOF
	}
	if len(r.exts) > 0 && r.pos == r.exts[0] {
		return 0, errExtension
	}
	r.pos++
	return r.data[r.pos-1], nil
}

func (r *reader) UnreadByte() error {
	r.pos--
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.pos >= len(r.data) {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, r.data[r.pos:])
	r.pos += n
	for len(r.exts) > 0 && r.exts[0] < r.pos {
		r.exts = r.exts[1:]
	}
	return n, nil
}

// rescue turns a panic into an error: msgpack's decoder panics on some data,
// and so may the marshalers of the value's own types.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("codec: panic: %v", p)
	}
}
