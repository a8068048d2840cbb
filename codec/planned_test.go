package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
)

type (
	// parts has fields for each of the rules by which msgpack/v5 stores structs.
	parts struct {
		Base
		base   // unexported, and spread all the same
		Apart  `msgpack:",noinline"`
		Shadow        // has a name that Base has, and is stored as itself
		New    int    `msgpack:"new,alias:old"`
		Maybe  string `msgpack:",omitempty"`
		Empty  struct {
			A int     `msgpack:",omitempty"`
			B *string `msgpack:",omitempty"`
		} `msgpack:",omitempty"`
		List    []int          `msgpack:",omitempty"`
		Table   map[string]int `msgpack:",omitempty"`
		Share   float64        `msgpack:"share,omitempty"`
		Small   float32        `msgpack:",omitempty"`
		On      bool           `msgpack:",omitempty"`
		Since   time.Time      `msgpack:",omitempty"`
		Until   *time.Time     `msgpack:",omitempty"`
		Skipped chan int       `msgpack:"-" json:"-"`
		_       int
		Addr    netip.Addr // encodes itself
		Total   *big.Int
		Totals  []big.Int
		Next    *parts `msgpack:",omitempty"`
	}
	Base struct {
		Kind string `msgpack:"kind"`
		Rank int8
	}
	Apart  struct{ Far string }
	Shadow struct{ Rank int16 }
	digits uint32
	words  []word
	word   string
)

func somethings() []parts {
	when := time.Date(2600, 1, 2, 3, 4, 5, 6, time.UTC)
	every := parts{
		Base: Base{"k", -7}, base: base{"in"}, Apart: Apart{"f"}, Shadow: Shadow{300}, New: 70_000, Maybe: "m", List: []int{1}, Table: map[string]int{"a": 1},
		Share: 0.5, Small: 0.1, On: true, Since: when, Until: &when, Addr: netip.MustParseAddr("::1"), Total: big.NewInt(1 << 40), Totals: []big.Int{*big.NewInt(1)},
	}
	every.Empty.A = 3
	nested := every
	nested.Next = &every
	return []parts{{}, every, nested, {List: []int{}, Table: map[string]int{}, Until: new(time.Time), Share: math.Copysign(0, -1), Small: float32(math.Copysign(0, -1))}}
}

// asMsgpack checks that the plan for T writes each value as msgpack/v5 does, and
// that both read the same from that.
func asMsgpack[T any](t *testing.T, values ...T) {
	t.Helper()
	for _, v := range values {
		want, err := codec.Unplanned[T]().Append(nil, &v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		got, ok := codec.Planned(&v)
		if !ok || !bytes.Equal(got, want) {
			t.Errorf("%T: the plan writes %q, %v, want %q", v, got, ok, want)
			continue
		}
		sameFrom[T](t, got)
	}
}

// sameFrom checks that a codec with a plan reads from data what one without reads,
// or returns the same error.
func sameFrom[T any](t *testing.T, data []byte) {
	t.Helper()
	var want, got T
	wantErr := codec.Unplanned[T]().Decode(bytes.Clone(data), &want)
	read := bytes.Clone(data)
	err := codec.MessagePack[T]().Decode(read, &got)
	clear(read) // the value must not depend on it
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("%T from %q: got error %v, want %v", got, data, err, wantErr)
	}
	if !same(&want, &got) {
		t.Fatalf("from %q: got %+v, want %+v", data, got, want)
	}
}

// same reports whether a and b are the same but for NaNs. Package cmp takes very long
// for lists that nest deep.
func same[T any](a, b *T) bool { return reflect.DeepEqual(a, b) || deep.Of[T]().Equal(a, b) }

func TestPlansDoAsMsgpackDoes(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	asMsgpack(t, tenItems(), cart{}, cart{Items: []item{}, Notices: []string{}})
	ordered := full()
	delete(ordered.Nested["k"][2], "z") // maps of two entries have two encodings
	asMsgpack(t, ordered, wide{})
	asMsgpack(t, somethings()...)
	asMsgpack(t, "", "text", long[:31], long[:32], long[:255], long[:256], long[:1<<16-1], long)
	asMsgpack(t, []byte(nil), []byte{}, []byte(long[:255]), []byte(long[:256]), []byte(long))
	asMsgpack(t, [3]byte{1, 2, 3})
	asMsgpack(t, [0]byte{})
	asMsgpack(t, make([]int, 15), make([]int, 16), make([]int, 1<<16-1), make([]int, 1<<16), nil, []int{})
	asMsgpack(t, make([]struct{}, 3), nil, []struct{}{})
	asMsgpack(t, words{"a", "b"}, nil, words{})
	asMsgpack(t, digits(0), 127, 128, 255, 256, 65535, 65536, math.MaxUint32)
	asMsgpack(t, uint64(math.MaxUint32+1), math.MaxUint64)
	asMsgpack(t, int64(0), 127, 128, -1, -32, -33, -128, -129, math.MinInt16, math.MinInt16-1, math.MinInt32, math.MinInt32-1, math.MinInt64, math.MaxInt64)
	asMsgpack(t, map[string]string{"b": "1", "a": "2", "c": ""}, nil, map[string]string{})
	asMsgpack(t, map[string]bool{"b": true, "a": false}, nil, map[string]bool{})
	asMsgpack(t, map[word]word{"a": "b"}, nil)
	asMsgpack(t, map[[2]int8]*cart{{1, 2}: new(tenItems())}, nil)
	asMsgpack(t, []*int{nil, new(1)})
	asMsgpack(t, []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1), time.Unix(1<<32, 0), time.Unix(1<<34-1, 999999999), time.Unix(1<<34, 0), time.Unix(-1, 5)})
	asMsgpack(t, []float64{0, math.Copysign(0, -1), 1, math.Inf(1), math.NaN()})
	asMsgpack(t, []float32{0, 1, float32(math.Inf(-1)), float32(math.NaN())})
	asMsgpack(t, struct{ M map[string]netip.Addr }{map[string]netip.Addr{"a": {}}})
}

// A plan reads what it need not leave to msgpack/v5: the data of other versions of
// the type too.
func TestPlansReadOtherVersions(t *testing.T) {
	type item struct{ Name, Gone string }
	type before struct {
		Gone  []map[string]time.Time
		Name  string
		Items []item
		Last  [3]any
		Sum   float32
	}
	type now struct {
		First string
		Name  string
		Items []struct{ Name string }
		Sum   float64
	}
	v := before{[]map[string]time.Time{{"a": time.Unix(1, 1)}}, "name", []item{{"a", "b"}}, [3]any{1.5, int64(1) << 40, []byte{1}}, 0.5}
	data, err := codec.MessagePack[before]().Append(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	if !codec.PlanReads[now](data) {
		t.Error("the plan gives up on the data of another version")
	}
	sameFrom[now](t, data)
}

func TestPlansGiveUp(t *testing.T) {
	for name, data := range map[string]string{
		"a field twice":               "\x82\xa1A\x91\x01\xa1A\x91\x02",
		"fields in another order":     "\x82\xa1B\xa1b\xa1A\x91\x01",
		"an array for a struct":       at("K", "\x90"),
		"an integer for a float":      at("Q", "\x01"),
		"a time in the old format":    at("F", "\x92\x01\x02"),
		"a number too large":          at("R", "\xcd\x01\x00"),
		"a negative for an unsigned":  at("S", "\xff"),
		"interned string, unknown":    at("?", "\xd4\x80\x00"),
		"no format, unknown":          at("?", "\xc1"),
		"too deep, unknown":           at("?", strings.Repeat("\x91", 64), "\x01"),
		"trailing byte":               "\x80\x00",
		"nothing":                     "",
		"more than the rest can hold": at("L", "\x92", "\x81\xa1L\x93\x80\x80"),
	} {
		type last struct {
			A []int
			B string
			F time.Time
			K *hostile
			L []hostile
			Q float64
			R int8
			S uint8
		}
		t.Run(name, func(t *testing.T) {
			if codec.PlanReads[last]([]byte(data)) {
				t.Error("the plan reads it")
			}
			sameFrom[last](t, []byte(data))
		})
	}
}

// What is registered with msgpack/v5 cannot be asked for, and is found all the same.
func TestPlansUseRegisteredFunctions(t *testing.T) {
	type registered struct{ Name string }
	type holder struct{ List []registered }
	type other struct{ List []struct{ Name string } }
	v := holder{[]registered{{"a"}}}
	if _, ok := codec.Planned(new(other)); !ok {
		t.Fatal("there is no plan for a type like it")
	}
	msgpack.Register(registered{},
		func(e *msgpack.Encoder, v reflect.Value) error { return e.EncodeString("is " + v.Field(0).String()) },
		func(d *msgpack.Decoder, v reflect.Value) error {
			s, err := d.DecodeString()
			v.Field(0).SetString(strings.TrimPrefix(s, "is "))
			return err
		})
	data, err := codec.MessagePack[holder]().Append(nil, &v)
	if err != nil || !bytes.Contains(data, []byte("is a")) {
		t.Errorf("got %q and error %v", data, err)
	}
	var got holder
	if err := codec.MessagePack[holder]().Decode(data, &got); err != nil || got.List[0] != v.List[0] {
		t.Errorf("got %v and error %v", got, err)
	}
}

type (
	deepLevel int8
	deepBox   struct{ In []map[string]*[1]deepLevels }
	// deepLevels are behind six others.
	deepLevels struct{ L [][]*deepLevel }
)

// Registered functions are used however deep the type is.
func TestRegisteredFunctionsAtEveryDepth(t *testing.T) {
	msgpack.Register(deepLevel(0),
		func(e *msgpack.Encoder, v reflect.Value) error {
			return e.EncodeString(strings.Repeat("#", int(v.Int())))
		},
		func(d *msgpack.Decoder, v reflect.Value) error {
			s, err := d.DecodeString()
			v.SetInt(int64(len(s)))
			return err
		})
	v := deepBox{[]map[string]*[1]deepLevels{{"a": {{[][]*deepLevel{{new(deepLevel(3))}}}}}}}
	c := codec.MessagePack[deepBox]()
	if err := c.(codec.Checker).Check(); err != nil {
		t.Fatal(err)
	}
	data, err := c.Append(nil, &v)
	if err != nil || !bytes.Contains(data, []byte("\xa3###")) {
		t.Errorf("got %q and error %v", data, err)
	}
	var got deepBox
	if err := c.Decode(data, &got); err != nil || *got.In[0]["a"][0].L[0][0] != 3 {
		t.Errorf("got %v and error %v", got, err)
	}
}

// A string that is kept must not keep a large record in memory.
func TestKeptStringsKeepLittle(t *testing.T) {
	list := make([]string, 1<<16)
	for i := range list {
		list[i] = fmt.Sprint("text number ", i)
	}
	c := codec.MessagePack[[]string]()
	data, err := c.Append(nil, &list)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	count := allocations(func() { c.Decode(data, &got) })
	if most := float64(len(data)/1024 + 1); count > most {
		t.Errorf("%d strings in %d bytes take %v allocations, want at most %v", len(list), len(data), count, most)
	}
	if size := allocation(func() { c.Decode(data, &got) }); size > uint64(len(data)+len(data)/8+16*len(list)+1<<14) {
		t.Errorf("%d bytes with %d strings take %d bytes of memory", len(data), len(list), size)
	}
}
