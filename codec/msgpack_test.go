package codec_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
)

// hostile has a field of each shape that data can make grow.
type hostile struct {
	A []int
	B []byte
	C string
	D map[string]string
	E map[string]int
	F time.Time
	G []string
	H map[string]any
	I any
	J [4]byte
	K *hostile
	L []hostile
	M map[string]hostile
	N [][][]int
	O *big.Int
	P []*hostile
}

func at(field string, value ...string) string {
	return "\x81\xa1" + field + strings.Join(value, "")
}

var hostileData = []struct{ name, data string }{
	{"nothing", ""},
	{"nil for a struct", "\xc0"},
	{"two values", "\x80\x80"},
	{"trailing byte", "\x80\x00"},
	{"the format that does not exist", at("A", "\x91\xc1")},
	{"array of 2^32-1", at("A", "\xdd\xff\xff\xff\xff")},
	{"array of 65535", at("A", "\xdc\xff\xff\x01")},
	{"array one short", at("A", "\x93\x01\x02")},
	{"structs, 2^30 of them", at("L", "\xdd\x40\x00\x00\x00")},
	{"strings, 2^30 of them", at("G", "\xdd\x40\x00\x00\x00")},
	{"bytes, 2^32-1", at("B", "\xc6\xff\xff\xff\xff")},
	{"bytes, one short", at("B", "\xc4\x03ab")},
	{"string of 2^32-1", at("C", "\xdb\xff\xff\xff\xff")},
	{"string without its length", at("C", "\xdb\xff\xff")},
	{"map of 2^32-1", at("D", "\xdf\xff\xff\xff\xff")},
	{"map of 2^31 in any", at("I", "\xdf\x80\x00\x00\x00")},
	{"map of ints, one value short", at("E", "\x82\xa1a\x01\xa1b")},
	{"map that the rest has bytes for, but not pairs", at("E", "\xde\x00\x03\xa1a\x01\x01")},
	{"extension of 2^32-1", at("F", "\xc9\xff\xff\xff\xff\xff")},
	{"extension without type", at("F", "\xd6")},
	{"time of a wrong length", at("F", "\xc7\x05\xff12345")},
	{"nil for a time", at("F", "\xc0")},
	{"a time where a map is due", at("D", "\xc7\x0c\xff\xdf\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00")},
	{"a time where a map is due, in any", at("H", "\xc7\x0c\xff\xdf\x7f\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00")},
	{"a short time where a map is due", at("H", "\xd6\xff\xdf\x7f\xff\xff\xff")},
	{"an extension with a false array in a false map", at("D", "\xc7\x08\x05\x81\xa1a\xdb\x7f\xff\xff\xff")},
	{"nil in an extension where a map is due", at("D", "\xc7\x08\x05\xc0\xa1A\xdd\x7f\xff\xff\xff")},
	{"interned string", at("C", "\xd4\x80\x00")},
	{"interned string where a map is due", at("D", "\xd4\x80\xdf\xd2\xff\xff\xff\xff")},
	{"unknown extension in any", at("I", "\xd4\x42\x00")},
	{"array longer than the type", at("J", "\xc4\x05abcde")},
	{"string for an array", at("A", "\xa3abc")},
	{"a good field, then a bad one", "\x82\xa1C\xa1x\xa1A\xa3abc"},
	{"array for a struct, of another length", at("K", "\x92\x01\x02")},
	{"65 arrays", at("I", strings.Repeat("\x91", 64), "\x01")},
	{"65 arrays, the last one empty", at("I", strings.Repeat("\x91", 63), "\x90")},
	{"a million maps", strings.Repeat(at("K"), 1<<20)},
	{"a million arrays in an unknown field", at("?", strings.Repeat("\x91", 1<<20))},
}

func TestMessagePackRefusesHostileData(t *testing.T) {
	c := codec.MessagePack[hostile]()
	for _, tt := range hostileData {
		t.Run(tt.name, func(t *testing.T) {
			got := hostile{C: "before"}
			var err error
			allocated := allocation(func() { err = c.Decode([]byte(tt.data), &got) })
			if err == nil {
				t.Errorf("decoded to %+v", got)
			}
			if got.C != "" {
				t.Errorf("the value is not zero after the error")
			}
			if limit := uint64(64<<10 + 100*len(tt.data)); allocated > limit {
				t.Errorf("%d bytes of data took %d bytes of memory", len(tt.data), allocated)
			}
		})
	}
	v, data := hostile{C: "after"}, []byte(nil)
	data, err := c.Append(data, &v)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Decode(data, &v); err != nil || v.C != "after" {
		t.Errorf("afterwards: got %q, error %v", v.C, err)
	}
}

// allocation returns how much memory f takes.
func allocation(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The codec reads every format of msgpack, also those that it does not write.
func TestMessagePackReadsEveryFormat(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	for _, tt := range []struct {
		name, data string
		want       any
	}{
		{"positive fixint", "\x7f", int64(127)},
		{"negative fixint", "\xe0", int64(-32)},
		{"uint8", "\xcc\xff", int64(255)},
		{"uint16", "\xcd\xff\xff", int64(65535)},
		{"uint32", "\xce\xff\xff\xff\xff", int64(1<<32 - 1)},
		{"uint64", "\xcf\x00\x00\x00\x00\x00\x00\x00\x01", int64(1)},
		{"int8", "\xd0\x80", int64(-128)},
		{"int16", "\xd1\x80\x00", int64(-32768)},
		{"int32", "\xd2\x80\x00\x00\x00", int64(-1 << 31)},
		{"int64", "\xd3\xff\xff\xff\xff\xff\xff\xff\xff", int64(-1)},
		{"true", "\xc3", true},
		{"false", "\xc2", false},
		{"float32", "\xca\x3f\x80\x00\x00", 1.0},
		{"float64", "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", 1.0},
		{"fixstr", "\xa1x", "x"},
		{"str8", "\xd9\x01x", "x"},
		{"str16", "\xda\x00\x01x", "x"},
		{"str32", "\xdb\x00\x01\x00\x00" + long, long},
		{"bin8", "\xc4\x01x", "x"},
		{"bin16", "\xc5\x00\x01x", "x"},
		{"bin32", "\xc6\x00\x00\x00\x01x", "x"},
		{"time of 4 bytes", "\xd6\xff\x00\x00\x00\x01", time.Unix(1, 0).UTC()},
		{"time of 8 bytes", "\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x01", time.Unix(1, 1).UTC()},
		{"time of 12 bytes", "\xc7\x0c\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01", time.Unix(1, 1).UTC()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got any
			var err error
			switch tt.want.(type) {
			case int64:
				got, err = decoded[int64](tt.data)
			case bool:
				got, err = decoded[bool](tt.data)
			case float64:
				got, err = decoded[float64](tt.data)
			case string:
				got, err = decoded[string](tt.data)
			case time.Time:
				got, err = decoded[time.Time](tt.data)
			}
			if err != nil || got != tt.want {
				t.Errorf("got %v and error %v, want %v", got, err, tt.want)
			}
		})
	}
	for _, data := range []string{"\x93\x01\x02\x03", "\xdc\x00\x03\x01\x02\x03", "\xdd\x00\x00\x00\x03\x01\x02\x03"} {
		if got, err := decoded[[]int](data); err != nil || len(got) != 3 {
			t.Errorf("array %q: got %v and error %v", data, got, err)
		}
	}
	for _, data := range []string{"\x81\xa1a\x01", "\xde\x00\x01\xa1a\x01", "\xdf\x00\x00\x00\x01\xa1a\x01"} {
		if got, err := decoded[map[string]int](data); err != nil || got["a"] != 1 {
			t.Errorf("map %q: got %v and error %v", data, got, err)
		}
	}
}

func decoded[T any](data string) (v T, err error) {
	err = codec.MessagePack[T]().Decode([]byte(data), &v)
	return v, err
}

// A type of each kind that can spoil what is written.
type (
	panics   struct{ Panic bool }
	invalid  struct{ Data string }
	flagging struct{ Name string }
	failing  struct{}
	silent   struct{} // encoded by a function that is registered
)

func init() {
	msgpack.Register(silent{}, func(e *msgpack.Encoder, _ reflect.Value) error { return e.EncodeNil() }, nil)
}

var errFailing = errors.New("no luck")

func (p panics) EncodeMsgpack(e *msgpack.Encoder) error {
	if p.Panic {
		panic("in EncodeMsgpack")
	}
	return e.EncodeNil()
}

func (p *panics) DecodeMsgpack(d *msgpack.Decoder) error { panic("in DecodeMsgpack") }

func (i invalid) MarshalMsgpack() ([]byte, error)     { return []byte(i.Data), nil }
func (i *invalid) UnmarshalMsgpack(data []byte) error { i.Data = string(data); return nil }

func (f flagging) EncodeMsgpack(e *msgpack.Encoder) error {
	e.UseArrayEncodedStructs(true)
	e.SetOmitEmpty(true)
	return e.EncodeString(f.Name)
}

func (f *flagging) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	d.DisallowUnknownFields(true)
	f.Name, err = d.DecodeString()
	return err
}

func (failing) MarshalMsgpack() ([]byte, error) { return nil, errFailing }

func TestMessagePackWritesNothingItCannotRead(t *testing.T) {
	for _, bad := range []string{"", "\xc1", "\x91", "\x01\x02", "\xdd\xff\xff\xff\xff", "\xd4\x80\x01", strings.Repeat("\x91", 65) + "\x01"} {
		got, err := codec.MessagePack[invalid]().Append([]byte("kept"), &invalid{bad})
		if err == nil || string(got) != "kept" {
			t.Errorf("%q: got %q and error %v", bad, got, err)
		}
	}
	if got, err := codec.MessagePack[panics]().Append(nil, &panics{true}); err == nil || got != nil {
		t.Errorf("panic: got %q and error %v", got, err)
	}
	if _, err := codec.MessagePack[silent]().Append(nil, &silent{}); err == nil {
		t.Error("nil for a struct was written")
	}
	if _, err := codec.MessagePack[failing]().Append(nil, &failing{}); !errors.Is(err, errFailing) {
		t.Errorf("got error %v, want %v", err, errFailing)
	}
	if err := codec.MessagePack[panics]().Decode([]byte("\x01"), new(panics)); err == nil {
		t.Error("a panic while decoding was taken for success")
	}
}

// A type's own methods may set options of the encoder or decoder. They do not
// change how the next value is written or read.
func TestMessagePackCallsAreIndependent(t *testing.T) {
	want, err := codec.MessagePack[cart]().Append(nil, new(cart))
	if err != nil {
		t.Fatal(err)
	}
	flags := codec.MessagePack[flagging]()
	for range 20 {
		data, err := flags.Append(nil, &flagging{"f"})
		if err != nil {
			t.Fatal(err)
		}
		if err := flags.Decode(data, new(flagging)); err != nil {
			t.Fatal(err)
		}
		got, err := codec.MessagePack[cart]().Append(nil, new(cart))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %q and error %v, want %q", got, err, want)
		}
		if err := codec.MessagePack[cart]().Decode([]byte("\x81\xa1?\x01"), new(cart)); err != nil {
			t.Fatal(err)
		}
	}
}

// A field that is no longer there is passed over, a new one is zero.
func TestMessagePackStructsMayChange(t *testing.T) {
	type before struct {
		Kept, Gone string
		Deep       []map[string][]int
	}
	type after struct {
		Kept string
		New  []string
	}
	data, err := codec.MessagePack[before]().Append(nil, &before{"k", "g", []map[string][]int{{"x": {1}}}})
	if err != nil {
		t.Fatal(err)
	}
	var got after
	if err := codec.MessagePack[after]().Decode(data, &got); err != nil || got.Kept != "k" || got.New != nil {
		t.Errorf("got %+v and error %v", got, err)
	}
}

func TestMessagePackAllocations(t *testing.T) {
	c, v := codec.MessagePack[cart](), tenItems()
	dst := make([]byte, 0, 4096)
	data, err := c.Append(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	if n := allocations(func() { dst, _ = c.Append(dst[:0], &v) }); n > 0 {
		t.Errorf("Append takes %v allocations, want none", n)
	}
	bad := append(data[:len(data):len(data)], 0)
	if n := allocations(func() { c.Decode(bad, &v) }); n > 6 {
		t.Errorf("refusing data takes %v allocations, want at most 6", n)
	}
}

// allocations returns how many f makes when the pools are full: under the race
// detector they lose things on purpose.
func allocations(f func()) float64 {
	least := math.Inf(1)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}
