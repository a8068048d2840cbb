package codec

import (
	"errors"
	"fmt"
	"io"

	"github.com/seed48429006/sessions/codec/internal/msgplan"
)

// maxPooled bounds the size of buffers that are kept between calls, so that one
// large value does not hold memory for good.
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

var errExtension = errors.New("codec: an extension stands in place of another value")

// A reader reads a slice for the decoder of msgpack/v5. It returns the payloads of
// extensions as blocks only. That decoder would otherwise decode a payload as a
// map, and trust lengths in it that [walker] never checked.
type reader struct {
	data []byte
	pos  int
	exts []int // where the next payloads begin
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

// rescue turns a panic into an error: the decoder of msgpack/v5 panics on some
// data, and so may the marshalers of the value's own types.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("codec: %w: %v", msgplan.ErrPanic, p)
	}
}
