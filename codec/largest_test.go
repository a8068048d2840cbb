package codec_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
)

// fussy panics unless it is whole.
type fussy struct{ A, B string }

func (f fussy) MarshalText() ([]byte, error) {
	if f.A == "" {
		panic("no A")
	}
	return []byte(f.A + f.B), nil
}

func (f *fussy) UnmarshalText(data []byte) error { f.A = string(data); return nil }

func largest[T any](t *testing.T, v T, wantName string, wantSize int) {
	t.Helper()
	for _, c := range []codec.Codec[T]{codec.MessagePack[T](), codec.JSON[T](), sealed(t, versioned(t, 1, codec.JSON[T]()), 1)} {
		name, size := codec.LargestField(c, &v)
		if name != wantName || size < wantSize || size > wantSize+wantSize/10+8 {
			t.Errorf("%T of %T: got %q with %d bytes, want %q with about %d", c, v, name, size, wantName, wantSize)
		}
	}
}

func TestLargestField(t *testing.T) {
	long := strings.Repeat("x", 1000)
	largest(t, Named{long}, "Name", 1000)
	largest(t, cart{Customer: "anna", Notices: []string{long, long}, Since: time.Now()}, "Notices", 2000)
	largest(t, &cart{Customer: long, Notices: []string{"x"}}, "Customer", 1000)
	largest(t, wide{base: base{Inner: long}, Text: "x"}, "Inner", 1000)
	largest(t, struct {
		Named
		Text string
	}{Named{long}, "x"}, "Named", 1000)
	largest(t, struct {
		Cache string `msgpack:"-" json:"-"`
		Text  string
	}{long, "text"}, "Text", 4)
	largest(t, cart{}, "", 0)
	largest(t, (*cart)(nil), "", 0)
	largest(t, []string{long}, "", 0)
	largest(t, fussy{long, "x"}, "", 0)
}
