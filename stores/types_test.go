package stores_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// Parts of the table's types.
type (
	names  []string
	octet  byte
	level  int8
	digest [4]byte
	tenant string
	point  struct{ X, Y int }

	address     struct{ Street, City string }
	Base        struct{ Tags []string }
	private     struct{ Seen int }
	list[T any] struct{ Elems []T }
	pair        struct{ A, B *address }

	tree struct {
		Name string
		Kids []*tree
		By   map[string]tree
	}

	byText    struct{ word string }
	byJSON    struct{ N int }
	byBinary  struct{ raw []byte }
	byMsgpack struct{ list []time.Time }
	byBytes   struct{ N int }
	color     int
)

func (b byText) MarshalText() ([]byte, error)     { return []byte(b.word), nil }
func (b *byText) UnmarshalText(data []byte) error { b.word = string(data); return nil }

func (b byJSON) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"is": [%d]}`, b.N), nil }
func (b *byJSON) UnmarshalJSON(data []byte) error {
	var v struct{ Is [1]int }
	err := json.Unmarshal(data, &v)
	b.N = v.Is[0]
	return err
}

func (b byBinary) MarshalBinary() ([]byte, error)     { return b.raw, nil }
func (b *byBinary) UnmarshalBinary(data []byte) error { b.raw = bytes.Clone(data); return nil }

func (b *byMsgpack) EncodeMsgpack(e *msgpack.Encoder) error { return e.Encode(b.list) }
func (b *byMsgpack) DecodeMsgpack(d *msgpack.Decoder) error { return d.Decode(&b.list) }
func (b byMsgpack) Clone() byMsgpack                        { return byMsgpack{slices.Clone(b.list)} }

func (b byMsgpack) Equal(other byMsgpack) bool {
	return slices.EqualFunc(b.list, other.list, time.Time.Equal)
}

func (b byBytes) MarshalMsgpack() ([]byte, error) {
	return msgpack.Marshal(map[string]any{"n": b.N, "at": time.Unix(int64(b.N), 0)})
}
func (b *byBytes) UnmarshalMsgpack(data []byte) error {
	var v struct {
		At time.Time `msgpack:"at"`
	}
	err := msgpack.Unmarshal(data, &v)
	b.N = int(v.At.Unix())
	return err
}

func (c color) MarshalText() ([]byte, error) {
	if c > 2 {
		return nil, fmt.Errorf("there is no color %d", int(c))
	}
	return []byte([]string{"", "red", "green"}[c]), nil
}
func (c *color) UnmarshalText(text []byte) (err error) {
	*c = color(slices.Index([]string{"", "red", "green"}, string(text)))
	return nil
}

// shapes has what every codec keeps.
type shapes struct {
	Mark    int // so that no value is zero
	Text    string
	Tenant  tenant
	Bool    bool
	Int     int64
	Uint    uint64
	Level   level
	F32     float32
	F64     float64
	Bytes   []byte
	Octets  []octet
	Digest  digest
	Names   names
	Grid    [][]int
	Array   [2][]string
	Map     map[string]string
	Set     map[string]struct{}
	ByInt   map[int8][]int
	ByUint  map[uint64]map[tenant]bool
	ByAddr  map[netip.Addr]netip.Prefix
	ByColor map[color]int
	Structs map[string]address
	Ptr     *int
	Twice   **string
	PtrList *[]int
	PtrMap  *map[string]int
	List    []*address
	Pair    pair
	Base
	private
	Generic list[point]
	Tree    tree
	At      time.Time
	Ats     []*time.Time
	ByName  map[string]time.Time
	Span    time.Duration
	Addr    netip.Addr
	Port    netip.AddrPort
	IP      net.IP
	Big     big.Int
	BigP    *big.Int
	Rat     *big.Rat
	Raw     json.RawMessage
	RawP    *json.RawMessage
	Slog    slog.Level
	ByText  byText
	ByJSON  byJSON
	Color   color
	Nothing struct{}
	Empties []struct{}
	None    [0]int

	OmitN    int               `msgpack:",omitempty" json:",omitempty"`
	OmitList []string          `msgpack:",omitempty" json:",omitempty"`
	OmitOne  []string          `json:",omitempty"` // by one of the codecs
	OmitMap  map[string]int    `msgpack:",omitempty"`
	OmitAt   *time.Time        `msgpack:",omitempty" json:",omitzero"`
	OmitZero time.Time         `json:",omitzero"`
	OmitDeep struct{ L []int } `msgpack:",omitempty" json:",omitzero"`
	Renamed  int               `msgpack:"r" json:"x,string"`

	Both  map[string]int `msgpack:"-" json:"-"`
	Dash  []int          `msgpack:"-,omitempty" json:"-"`
	Chan  chan int       `msgpack:"-" json:"-"`
	cache []int          `json:"-"`
	_     [0]func()
}

// packs has what MessagePack keeps, and JSON refuses.
type packs struct {
	Mark     int
	ByStruct map[point]string
	ByArray  map[[2]string]int
	ByDigest map[digest]int
	ByBool   map[bool]int
	URL      url.URL
	Number   json.Number
	Hash     string `json:"-"`
	Address  address
	Base     `msgpack:",noinline"`
	Binary   byBinary
	Packed   byMsgpack
	PackedB  byBytes
	One      []int `msgpack:"-"` // which JSON would write
}

var at = time.Date(2026, 2, 3, 4, 5, 6, 789, time.FixedZone("far", -5*3600))

// kept are values that come back as they were set.
var kept = map[string]shapes{
	"zero": {},
	"empty": {Bytes: []byte{}, Octets: []octet{}, Names: names{}, Grid: [][]int{}, Array: [2][]string{nil, {}}, Map: map[string]string{}, Set: map[string]struct{}{},
		ByInt: map[int8][]int{}, ByUint: map[uint64]map[tenant]bool{}, Ptr: new(int), Twice: new(new("")), PtrList: new([]int{}), PtrMap: new(map[string]int{}),
		List: []*address{}, Base: Base{[]string{}}, Tree: tree{Kids: []*tree{}, By: map[string]tree{}}, BigP: new(big.Int), Empties: []struct{}{}},
	"scalars": {Text: "héllo \x00 <&>\u2028\ufffd", Tenant: "t", Bool: true, Int: math.MinInt64, Uint: math.MaxUint64, Level: -128, F32: 0.1, F64: math.Pi,
		Span: -1, Slog: slog.LevelWarn, Color: 2, ByText: byText{"w"}, ByJSON: byJSON{4}, OmitN: 1, Renamed: 7, private: private{1}},
	"far ends": {Int: 1<<53 + 1, Uint: 1<<63 + 1, F32: math.MaxFloat32, F64: math.SmallestNonzeroFloat64},
	"slices": {Bytes: []byte{0, 255}, Octets: []octet{1}, Digest: digest{1, 2}, Names: names{"a", ""}, Grid: [][]int{nil, {}, {1}}, Array: [2][]string{{}, {"x"}},
		Base: Base{[]string{"t"}}, Generic: list[point]{[]point{{1, 2}}}, Empties: []struct{}{{}}, OmitList: []string{""}, OmitDeep: struct{ L []int }{[]int{0}}},
	"maps": {Map: map[string]string{"": "", "a": "b"}, Set: map[string]struct{}{"a": {}}, ByInt: map[int8][]int{-1: nil, 2: {}}, ByUint: map[uint64]map[tenant]bool{math.MaxUint64: nil, 1: {"x": false}},
		ByAddr: map[netip.Addr]netip.Prefix{netip.MustParseAddr("::1"): netip.MustParsePrefix("10.0.0.0/8")}, ByColor: map[color]int{1: 2, 2: 0},
		Structs: map[string]address{"a": {City: "Rome"}, "b": {}}, OmitMap: map[string]int{"": 0}},
	"pointers":  {Ptr: new(4), Twice: new(new("x")), PtrList: new([]int{1}), PtrMap: new(map[string]int{"a": 1}), List: []*address{nil, {City: "Rome"}, {}}},
	"shared":    func() shapes { a := &address{"Main", "Rome"}; return shapes{Pair: pair{a, a}, List: []*address{a, a}} }(),
	"tree":      {Tree: tree{"r", []*tree{{Name: "k", Kids: []*tree{{}}}, nil}, map[string]tree{"x": {Name: "y"}}}},
	"times":     {At: at, Ats: []*time.Time{nil, &at, {}}, ByName: map[string]time.Time{"a": at, "zero": {}}, OmitAt: &at, OmitZero: at},
	"now":       {At: time.Now()},
	"numbers":   {Big: *big.NewInt(-1 << 40), BigP: new(big.Int).Lsh(big.NewInt(1), 100), Rat: big.NewRat(1, 3)},
	"addresses": {Addr: netip.MustParseAddr("fe80::1%eth0"), Port: netip.MustParseAddrPort("[::1]:80"), IP: net.ParseIP("10.0.0.1")},
	"raw":       {Raw: json.RawMessage(`{"a":["<é>"]}`), RawP: new(json.RawMessage(`0`))},
}

// formed are values, and what they are from the first commit on.
var formed = map[string]struct{ set, got shapes }{
	"pointers to nil":    {shapes{Twice: new(*string), PtrList: new([]int), PtrMap: new(map[string]int), RawP: new(json.RawMessage)}, shapes{}},
	"raw, with space":    {shapes{Raw: json.RawMessage(" { \"a\" :\n1 } ")}, shapes{Raw: json.RawMessage(`{"a":1}`)}},
	"raw, but nothing":   {shapes{Raw: json.RawMessage{}, RawP: new(json.RawMessage("null"))}, shapes{}},
	"omitted when empty": {shapes{OmitList: []string{}, OmitOne: []string{}, OmitMap: map[string]int{}, OmitAt: new(time.Time), OmitZero: time.Time{}.In(at.Location())}, shapes{}},
	"skipped":            {shapes{Both: map[string]int{"a": 1}, Dash: []int{1}, Chan: make(chan int), cache: []int{1}}, shapes{}},
}

var packed = map[string]packs{
	"zero": {},
	"keys": {ByStruct: map[point]string{{1, 2}: "a"}, ByArray: map[[2]string]int{{"a"}: 1}, ByDigest: map[digest]int{{1}: 1}, ByBool: map[bool]int{true: 1}},
	"own": {URL: url.URL{Scheme: "https", Host: "x", User: url.UserPassword("a", "b")}, Number: "12", Hash: "h", Binary: byBinary{[]byte{1}},
		Packed: byMsgpack{[]time.Time{at}}, PackedB: byBytes{5}},
	"embedded": {Base: Base{[]string{"t"}}, Address: address{City: "Oslo"}},
}

func loop() tree {
	t := tree{Kids: make([]*tree, 1)}
	t.Kids[0] = &t
	return t
}

func chain(n int) (t tree) {
	for range n {
		t = tree{Kids: []*tree{&t}}
	}
	return t
}

// refused are values that no commit takes, and what the error says. Those of
// jsonRefused only JSON does not take.
var (
	refused = map[string]struct {
		v    shapes
		says string
	}{
		"cycle":    {shapes{Tree: loop()}, "contains itself"},
		"too deep": {shapes{Tree: chain(32)}, "deeper than 64 levels"},
		"raw":      {shapes{Raw: json.RawMessage("{")}, "json.RawMessage is no valid JSON"},
	}
	jsonRefused = map[string]struct {
		v    shapes
		says string
	}{
		"NaN":           {shapes{F64: math.NaN()}, "unsupported value: NaN"},
		"infinite":      {shapes{F32: float32(math.Inf(1))}, "unsupported value: +Inf"},
		"not UTF-8":     {shapes{Text: "\xff"}, "not valid UTF-8; make it a []byte"},
		"not UTF-8 key": {shapes{Map: map[string]string{"\xff": ""}}, "not valid UTF-8"},
		"own not UTF-8": {shapes{ByText: byText{"\xff"}}, "not valid UTF-8"},
		"late year":     {shapes{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "year outside of range"},
	}
)

// A kind is a store with a codec; the zero kind is memory.
type kind struct {
	codec  string // for Redis
	client redis.Cmdable
}

func (k kind) isJSON() bool { return strings.Contains(k.codec, "JSON") }

// onEveryKind runs a test on every store with every codec.
func onEveryKind(t *testing.T, test func(t *testing.T, k kind)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, kind{}) })
	t.Run("miniredis", func(t *testing.T) { onEveryCodec(t, redistest.New(t), test) })
	t.Run("redis", func(t *testing.T) { onEveryCodec(t, redisserver.Start(t).Client(t), test) })
}

func onEveryCodec(t *testing.T, client redis.Cmdable, test func(t *testing.T, k kind)) {
	t.Helper()
	for _, c := range []string{"MessagePack", "JSON", "Sealed MessagePack", "Versioned MessagePack", "Versioned Sealed JSON"} {
		t.Run(c, func(t *testing.T) { test(t, kind{c, client}) })
	}
}

func codecOf[T any](t *testing.T, name string) codec.Codec[T] {
	t.Helper()
	c, err := codec.MessagePack[T](), error(nil)
	if strings.Contains(name, "JSON") {
		c = codec.JSON[T]()
	}
	if strings.Contains(name, "Sealed") {
		c, err = codec.Sealed(c, bytes.Repeat([]byte{7}, codec.KeySize))
	}
	if strings.Contains(name, "Versioned") && err == nil {
		c, err = codec.Versioned(2, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func storeOf[T any](t *testing.T, k kind) (session.Store[T], error) {
	t.Helper()
	if k.client == nil {
		return memstore.New[T](nil), nil
	}
	return redisstore.New(k.client, "table", codecOf[T](t, k.codec), &redisstore.Options{Logger: slog.New(slog.DiscardHandler)})
}

func mustStore[T any](t *testing.T, k kind) session.Store[T] {
	t.Helper()
	store, err := storeOf[T](t, k)
	if err == nil {
		_, err = sessions.New(store, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// keep stores a value in a session of its own, and checks that it is what it
// should be there, in that session and in one that is loaded.
func keep[T any](t *testing.T, store session.Store[T], name string, set, want T) {
	t.Helper()
	s := session.New(store, nil)
	s.Set(set)
	if err := s.Commit(t.Context()); err != nil {
		t.Errorf("%s: commit: %v", name, err)
		return
	}
	token, _ := s.Token()
	loaded, err := session.Load(t.Context(), store, nil, token, time.Time{})
	if err != nil {
		t.Errorf("%s: load: %v", name, err)
		return
	}
	for where, s := range map[string]*session.Session[T]{"committed": s, "loaded": loaded} {
		if diff := cmp.Diff(want, s.Value(), deeply...); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", name, where, diff)
		}
		if s.Set(set); s.Modified() {
			t.Errorf("%s, %s: to set it again changes %v", name, where, s.Changes())
		}
	}
}

// deeply compares all that there is, times by their instants.
var deeply = []cmp.Option{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b }),
	cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b chan int) bool { return a == b }),
}

// Whatever a session can hold it holds alike in memory and in Redis, by every
// codec; what it cannot hold is an error at commit.
func TestEveryValueOnEveryStore(t *testing.T) {
	onEveryKind(t, func(t *testing.T, k kind) {
		store := mustStore[shapes](t, k)
		for name, v := range kept {
			v.Mark = 1
			keep(t, store, name, v, v)
		}
		for name, v := range formed {
			v.set.Mark, v.got.Mark = 1, 1
			keep(t, store, name, v.set, v.got)
		}
		for name, r := range refused {
			refuses(t, store, name, r.v, r.says)
		}
		for name, r := range jsonRefused {
			if r.v.Mark = 1; k.isJSON() {
				refuses(t, store, name, r.v, r.says)
			} else {
				keep(t, store, name, r.v, r.v)
			}
		}
		if k.isJSON() {
			return
		}
		store2 := mustStore[packs](t, k)
		for name, v := range packed {
			v.Mark = 1
			keep(t, store2, name, v, v)
		}
	})
}

// unfit has what no session can hold, whatever the store.
type unfit struct {
	Chan   chan int
	Funcs  []func()
	Any    any
	Errs   map[string]error
	hidden int
	Two    complex128
	Word   uintptr
	ByPtr  map[*int]int
	ByTime map[time.Time]int
	ByReal map[[2]float64]int
	ByPart map[struct {
		A int `msgpack:"-"`
	}]int
	Float *big.Float
	Stamp struct {
		time.Time
		Note string
	}
	Deep struct{ List []*struct{ C chan int } }
}

var unfitPaths = []string{"Chan", "Funcs[]", "Any", "Errs[]", "hidden", "Two", "Word", "ByPtr", "ByTime", "ByReal", "ByPart", "Float", "Stamp", "Deep.List[].C"}

func TestUnfitTypesAreRefusedAtTheStart(t *testing.T) {
	_ = unfit{hidden: 1}
	_, err := sessions.New(memstore.New[unfit](nil), nil)
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, path := range unfitPaths {
		if i >= len(lines) || !strings.HasPrefix(lines[i], "session: unfit."+path+": ") || !strings.ContainsAny(lines[i], ";") {
			t.Errorf("%s is not refused with its path and what to do:\n%s", path, err)
		}
	}
	if len(lines) != len(unfitPaths) {
		t.Errorf("%d reasons, want %d:\n%s", len(lines), len(unfitPaths), err)
	}
	onEveryKind(t, func(t *testing.T, k kind) {
		if _, err := storeOf[packs](t, k); (err != nil) != k.isJSON() {
			t.Errorf("of what only MessagePack keeps: got error %v", err)
		} else if err != nil {
			for _, path := range []string{"ByStruct", "ByArray", "ByBool", "URL", "Number", "Hash", "Binary", "Packed", "One"} {
				if !strings.Contains(err.Error(), "codec: JSON: packs."+path) {
					t.Errorf("%s is not refused with its path:\n%v", path, err)
				}
			}
		}
	})
}

func refuses(t *testing.T, store session.Store[shapes], name string, v shapes, says string) {
	t.Helper()
	s := session.New(store, nil)
	s.Set(v)
	err := s.Commit(t.Context())
	if _, ok := errors.AsType[*session.EncodeError](err); !ok || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: got error %v, want an EncodeError that says %q", name, err, says)
	}
	if token, ok := s.Token(); ok {
		t.Errorf("%s: there is a token, %v", name, token)
	}
}
