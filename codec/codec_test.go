package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
)

type item struct {
	SKU   string
	Name  string
	Count int
	Price int64
}

type cart struct {
	Customer string
	Items    []item
	Notices  []string
	Since    time.Time
}

func tenItems() cart {
	c := cart{Customer: "customer-4711", Since: time.Date(2026, 5, 4, 3, 2, 1, 987654321, time.UTC)}
	for i := range 10 {
		c.Items = append(c.Items, item{fmt.Sprintf("sku-%04d", i), "a thing of some name", i, int64(i) * 199})
	}
	return c
}

type (
	names  []string
	count  int16
	octet  byte
	digest [4]octet
	key    struct {
		A int
		B string
	}
	node struct {
		Value int
		Next  *node
		Kids  []node
		By    map[string]node
	}
	base struct{ Inner string }
	wide struct {
		base
		Bool    bool
		Int8    int8
		Int16   int16
		Int32   int32
		Int64   int64
		Uint    uint
		Uint64  uint64
		F32     float32
		F64     float64
		Text    string
		Raw     []byte
		Array   [3]int
		Hash    [4]byte
		Pointer *int
		Twice   **string
		When    time.Time
		Whens   []time.Time
		Late    *time.Time
		Span    time.Duration
		Named   names
		Count   count
		Strings []string
		Map     map[string]string
		Counts  map[string]int
		Keys    map[int]string
		Flags   map[string]bool
		Grid    [][]int
		Nested  map[string][]map[string]*key
		Addr    netip.Addr
		Big     *big.Int
		Tree    node
		Skipped string `msgpack:"-" json:"-"`
		Renamed string `msgpack:"r" json:"r"`
	}
)

func full() wide {
	zone := time.FixedZone("far", 5*3600)
	when := time.Date(2026, 2, 3, 4, 5, 6, 7, zone)
	return wide{
		base: base{"in"}, Bool: true, Int8: -8, Int16: -1600, Int32: math.MinInt32, Int64: math.MinInt64,
		Uint: 7, Uint64: math.MaxUint64, F32: 0.1, F64: math.Pi, Text: "héllo \x00 <&>\u2028", Raw: []byte{0, 255},
		Array: [3]int{1, 2, 3}, Hash: [4]byte{9, 8, 7, 6}, Pointer: new(4), Twice: new(new("x")),
		When: when, Whens: []time.Time{when, {}}, Late: &when, Span: -time.Second, Named: names{"n"}, Count: -3,
		Strings: []string{"", "b"}, Map: map[string]string{"a": "1", "b": ""}, Counts: map[string]int{"c": -1},
		Keys: map[int]string{-5: "five"}, Flags: map[string]bool{"f": true}, Grid: [][]int{nil, {}, {1}},
		Nested:  map[string][]map[string]*key{"k": {nil, {}, {"x": {1, "y"}}, {"z": nil}}},
		Addr:    netip.MustParseAddr("2001:db8::1"),
		Big:     big.NewInt(math.MaxInt64),
		Tree:    node{1, &node{Value: 2}, []node{{Value: 3}}, map[string]node{"b": {Value: 4}}},
		Renamed: "renamed",
	}
}

// roundTrip checks that each value comes back as it was, in memory that held
// something else before.
func roundTrip[T any](t *testing.T, values ...T) {
	t.Helper()
	for _, c := range []codec.Codec[T]{codec.MessagePack[T](), codec.JSON[T]()} {
		var got T
		for _, want := range values {
			name := fmt.Sprintf("%T of %+v", c, want)
			data, err := c.Append([]byte("before"), &want)
			if err != nil {
				t.Errorf("%s: Append: %v", name, err)
				continue
			}
			encoded, ok := strings.CutPrefix(string(data), "before")
			if !ok {
				t.Errorf("%s: Append lost what was there before", name)
			}
			if err := c.Decode([]byte(encoded), &got); err != nil {
				t.Errorf("%s: Decode: %v", name, err)
				continue
			}
			if diff := cmp.Diff(want, got, exact...); diff != "" {
				t.Errorf("%s: comes back as something else (-want +got):\n%s", name, diff)
			}
		}
	}
}

// exact tells nil from empty, and goes by the instant of a time only.
var exact = []cmp.Option{
	cmp.Exporter(func(t reflect.Type) bool {
		return t == reflect.TypeFor[wide]() || t == reflect.TypeFor[big.Int]()
	}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b }),
	cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b }),
}

func TestRoundTrip(t *testing.T) {
	roundTrip(t, tenItems(), cart{}, cart{Items: []item{}, Notices: []string{}})
	roundTrip(t, full(), wide{}, full())
	roundTrip(t, "", "text", strings.Repeat("x", 70_000))
	roundTrip(t, 0, -1, math.MaxInt, math.MinInt)
	roundTrip(t, uint64(0), math.MaxUint64)
	roundTrip(t, 0.0, 1.0, -1e300, math.SmallestNonzeroFloat64, 1<<53+2)
	roundTrip(t, float32(0.1), float32(3))
	roundTrip(t, true, false)
	roundTrip(t, []string(nil), []string{}, []string{""})
	roundTrip(t, []byte(nil), []byte{}, []byte{0}, make([]byte, 300))
	roundTrip(t, map[string]string(nil), map[string]string{}, map[string]string{"": ""})
	roundTrip(t, map[string]int(nil), map[string]int{}, map[string]int{"a": 1})
	roundTrip(t, map[string]bool(nil), map[string]bool{}, map[string]bool{"a": false})
	roundTrip(t, [][]int(nil), [][]int{}, [][]int{nil, {}, {1}})
	roundTrip(t, map[string][]byte(nil), map[string][]byte{"nil": nil, "empty": {}, "one": {1}})
	roundTrip(t, []map[string]string{nil, {}, {"a": "b"}})
	roundTrip(t, (*cart)(nil), &cart{}, new(tenItems()))
	roundTrip(t, struct{}{})
	roundTrip(t, []item(nil), []item{}, []item{{}}, make([]item, 20))
	roundTrip(t, [2][]string{nil, {}})
	roundTrip(t, time.Time{}, time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC))
	roundTrip(t, []*time.Time{nil, new(time.Unix(1<<34, 5)), new(time.Unix(-1, 0))})
	roundTrip(t, time.Duration(0), time.Hour)
	roundTrip(t, netip.Addr{}, netip.MustParseAddr("::1%eth0"))
	roundTrip(t, digest{1, 2, 3, 4})
	roundTrip(t, names(nil), names{}, names{"a"})
	roundTrip(t, json.RawMessage(`{"a":1}`), json.RawMessage(`0`), nil)
	roundTrip(t, map[count]names{1: nil, 2: {}})
}

func TestNestingUpToTheLimit(t *testing.T) {
	chain := func(n int) node {
		v := new(node)
		for range n - 1 {
			v = &node{Next: v}
		}
		return *v
	}
	for _, c := range []codec.Codec[node]{codec.MessagePack[node](), codec.JSON[node]()} {
		v := chain(codec.MaxDepth)
		data, err := c.Append(nil, &v)
		if err != nil {
			t.Fatalf("%T: %d levels: %v", c, codec.MaxDepth, err)
		}
		if err := c.Decode(data, new(node)); err != nil {
			t.Errorf("%T: %d levels: %v", c, codec.MaxDepth, err)
		}
		for _, n := range []int{codec.MaxDepth + 1, 900, 20_000} {
			v := chain(n)
			if data, err := c.Append([]byte("kept"), &v); err == nil || string(data) != "kept" {
				t.Errorf("%T: %d levels: got %d bytes and error %v, want an error", c, n, len(data), err)
			}
		}
	}
}

// A value that contains itself is refused; following it would end the process.
func TestCycles(t *testing.T) {
	loop := &node{Value: 1}
	loop.Next = loop
	wheel := &node{Kids: make([]node, 1)}
	wheel.Kids[0] = node{Kids: wheel.Kids}
	table := map[string]node{}
	table["self"] = node{By: table}
	for _, c := range []codec.Codec[node]{codec.MessagePack[node](), codec.JSON[node]()} {
		for name, v := range map[string]*node{"pointer": loop, "slice": wheel, "map": {By: table}} {
			if data, err := c.Append([]byte("kept"), v); err == nil || string(data) != "kept" {
				t.Errorf("%T: %s: got %d bytes and error %v, want an error", c, name, len(data), err)
			}
		}
	}
}

// Times come back in UTC wherever they are, so that they are == to what was
// normalized before.
func TestTimesComeBackInUTC(t *testing.T) {
	zone := time.FixedZone("far", -7*3600)
	want := full()
	want.When = time.Date(2026, 7, 8, 9, 10, 11, 12, zone)
	for _, c := range []codec.Codec[wide]{codec.MessagePack[wide](), codec.JSON[wide]()} {
		data, err := c.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		var got wide
		if err := c.Decode(data, &got); err != nil {
			t.Fatal(err)
		}
		if got.When != want.When.UTC() || *got.Late != want.Late.UTC() || got.Whens[0] != want.Whens[0].UTC() {
			t.Errorf("%T: got %v, %v and %v", c, got.When, *got.Late, got.Whens[0])
		}
		if !reflect.DeepEqual(got.Whens[1], time.Time{}) {
			t.Errorf("%T: the zero time comes back as %#v", c, got.Whens[1])
		}
	}
}

// A failed Decode leaves nothing of what it had read.
func TestDecodeIsZeroAfterAnError(t *testing.T) {
	for _, c := range []codec.Codec[cart]{codec.MessagePack[cart](), codec.JSON[cart]()} {
		v := tenItems()
		data, err := c.Append(nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			got := tenItems()
			if err := c.Decode(data[:n], &got); err == nil {
				t.Errorf("%T: %d of %d bytes were taken for a value", c, n, len(data))
			}
			if !reflect.DeepEqual(got, cart{}) {
				t.Fatalf("%T: after an error the value is %+v", c, got)
			}
		}
		for _, extra := range []string{"\x00", " ", "\n", "\xc0", "{}"} {
			if err := c.Decode(append(data[:len(data):len(data)], extra...), new(cart)); err == nil {
				t.Errorf("%T: %q after the value was let pass", c, extra)
			}
		}
	}
}

// The encoded data may be overwritten once it is decoded.
func TestDecodeKeepsNoReference(t *testing.T) {
	for _, c := range []codec.Codec[wide]{codec.MessagePack[wide](), codec.JSON[wide]()} {
		want := full()
		data, err := c.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		var got wide
		if err := c.Decode(data, &got); err != nil {
			t.Fatal(err)
		}
		clear(data)
		if diff := cmp.Diff(want, got, exact...); diff != "" {
			t.Errorf("%T: the value changed with the data:\n%s", c, diff)
		}
	}
}
