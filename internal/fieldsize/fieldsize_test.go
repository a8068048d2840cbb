package fieldsize_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/fieldsize"
)

type (
	Named struct{ Name string }
	inner struct{ Inner string }
	cart  struct {
		Customer string
		Notices  []string
		Since    time.Time
	}
	embedding struct {
		inner
		Text string
	}
	embeddingExported struct {
		Named
		Text string
	}
	cached struct {
		Cache string `msgpack:"-" json:"-"`
		Text  string
	}
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

var long = strings.Repeat("x", 1000)

func testLargest[T any](t *testing.T, name string, v T, wantField string, wantSize int) {
	sealed, err := codec.Sealed(codec.JSON[T](), bytes.Repeat([]byte{1}, codec.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	for kind, c := range map[string]codec.Codec[T]{"MessagePack": codec.MessagePack[T](), "JSON": codec.JSON[T](), "sealed": sealed} {
		t.Run(name+"/"+kind, func(t *testing.T) {
			field, size := fieldsize.Largest(c, &v)
			if field != wantField || size < wantSize || size > wantSize+wantSize/10+8 {
				t.Errorf("got %q with %d bytes, want %q with about %d", field, size, wantField, wantSize)
			}
		})
	}
}

func TestLargest(t *testing.T) {
	testLargest(t, "one field", Named{long}, "Name", 1000)
	testLargest(t, "several fields", cart{Customer: "anna", Notices: []string{long, long}, Since: time.Now()}, "Notices", 2000)
	testLargest(t, "unexported embedded struct", embedding{inner{long}, "x"}, "inner.Inner", 1000)
	testLargest(t, "exported embedded struct", embeddingExported{Named{long}, "x"}, "Named.Name", 1000)
	testLargest(t, "skipped field", cached{long, "text"}, "Text", 4)
	testLargest(t, "zero struct", cart{}, "", 0)
	testLargest(t, "no struct", []string{long}, "", 0)
	testLargest(t, "marshaler that panics", fussy{long, "x"}, "", 0)
}

func ExampleLargest() {
	v := cart{Customer: "ada", Notices: []string{strings.Repeat("spoon", 100)}}
	fmt.Println(fieldsize.Largest(codec.MessagePack[cart](), &v))
	// Output: Notices 503
}
