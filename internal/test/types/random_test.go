package types_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/typeinfo"
	"github.com/seed48429006/sessions/session"
)

// Parts of the random types. The letters say whether the first and the second method have
// value or pointer receivers.
type (
	kind       int8
	label      string
	octets     []kind8
	kind8      uint8
	plain      struct{ X, Y int }
	textVV     map[string]int
	textVP     struct{ W string }
	textPP     struct{ W string }
	binaryVP   struct{ W string }
	binaryPP   struct{ W string }
	jsonVP     struct{ W string }
	jsonPP     struct{ W string }
	bothVP     struct{ W string }
	packVP     struct{ W string }
	packPP     struct{ W string }
	fromOne    int
	hiddenText struct{ words []string }

	Plain    struct{ Tags []string }
	Shadow   struct{ A, Tags int }
	Echo     struct{ Echo string }
	lower    struct{ B, C string }
	Optional struct {
		O int `msgpack:",omitempty" json:",omitempty"`
	}
	Texted struct{ W string }
	Chain  struct{ Texted }
	Within struct {
		Texted
		N int
	}
	Counted struct{ Within }
	Nested  struct{ N int }
	Far     struct{ *Nested }

	noText    int // has no text for 5, and reads none as 5
	nilPack   int // the same in MessagePack, and reads it as 0
	nullJSON  int // the same in JSON
	lastDigit int
	nilBinary struct {
		B     byte
		Valid bool
	}
	day    struct{ Y, D int8 }
	shown  struct{ W string }
	ranked struct{ Rank fromOne }
	tree   struct {
		Kids  []tree
		Named map[string]*tree
		Day   day `msgpack:",omitempty" json:",omitzero"`
	}
	grove []grove
)

func (n noText) MarshalText() ([]byte, error) {
	if n == 5 {
		return nil, nil
	}
	return fmt.Append(nil, int(n)), nil
}
func (n *noText) UnmarshalText(b []byte) error {
	if *n = 5; len(b) == 0 {
		return nil
	}
	_, err := fmt.Sscan(string(b), (*int)(n))
	return err
}
func (n nilPack) EncodeMsgpack(e *msgpack.Encoder) error {
	if n == 5 {
		return e.EncodeNil()
	}
	return e.EncodeInt(int64(n))
}
func (n *nilPack) DecodeMsgpack(d *msgpack.Decoder) error {
	v, err := d.DecodeInt()
	*n = nilPack(v)
	return err
}
func (n nullJSON) MarshalJSON() ([]byte, error) {
	if n == 5 {
		return []byte("null"), nil
	}
	return fmt.Append(nil, int(n)), nil
}
func (n *nullJSON) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	_, err := fmt.Sscan(string(b), (*int)(n))
	return err
}
func (n lastDigit) MarshalText() ([]byte, error) { return fmt.Append(nil, int(n)%10), nil }
func (n *lastDigit) UnmarshalText(b []byte) error {
	_, err := fmt.Sscan(string(b), (*int)(n))
	return err
}
func (n nilBinary) MarshalBinary() ([]byte, error) {
	if !n.Valid {
		return nil, nil
	}
	return []byte{n.B}, nil
}
func (n *nilBinary) UnmarshalBinary(b []byte) error {
	if *n = (nilBinary{}); len(b) == 1 {
		*n = nilBinary{b[0], true}
	}
	return nil
}
func (d day) IsZero() bool                    { return d == day{} }
func (s shown) MarshalText() ([]byte, error)  { return []byte(s.W), nil }
func (s *shown) UnmarshalText(b []byte) error { s.W = string(b); return nil }

func (m textVV) MarshalText() ([]byte, error) { return json.Marshal(map[string]int(m)) }
func (m textVV) UnmarshalText(b []byte) error {
	return errors.New("a map that is nil cannot be read into")
}
func (t textVP) MarshalText() ([]byte, error)           { return []byte(t.W), nil }
func (t *textVP) UnmarshalText(b []byte) error          { t.W = string(b); return nil }
func (t *textPP) MarshalText() ([]byte, error)          { return []byte(t.W), nil }
func (t *textPP) UnmarshalText(b []byte) error          { t.W = string(b); return nil }
func (t binaryVP) MarshalBinary() ([]byte, error)       { return []byte(t.W), nil }
func (t *binaryVP) UnmarshalBinary(b []byte) error      { t.W = string(b); return nil }
func (t *binaryPP) MarshalBinary() ([]byte, error)      { return []byte(t.W), nil }
func (t *binaryPP) UnmarshalBinary(b []byte) error      { t.W = string(b); return nil }
func (t jsonVP) MarshalJSON() ([]byte, error)           { return json.Marshal([]string{t.W}) }
func (t *jsonVP) UnmarshalJSON(b []byte) error          { return unlist(b, &t.W) }
func (t *jsonPP) MarshalJSON() ([]byte, error)          { return json.Marshal([]string{t.W}) }
func (t *jsonPP) UnmarshalJSON(b []byte) error          { return unlist(b, &t.W) }
func (t bothVP) MarshalJSON() ([]byte, error)           { return json.Marshal([]string{t.W}) }
func (t *bothVP) UnmarshalJSON(b []byte) error          { return unlist(b, &t.W) }
func (t bothVP) MarshalBinary() ([]byte, error)         { return []byte("b" + t.W), nil }
func (t *bothVP) UnmarshalBinary(b []byte) error        { t.W = string(b[1:]); return nil }
func (t packVP) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(t.W) }
func (t *packVP) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	t.W, err = d.DecodeString()
	return err
}
func (t *packPP) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(t.W) }
func (t *packPP) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	t.W, err = d.DecodeString()
	return err
}
func (f fromOne) MarshalText() ([]byte, error) {
	if f < 1 {
		return nil, errors.New("below one")
	}
	return fmt.Append(nil, int(f)), nil
}
func (f *fromOne) UnmarshalText(b []byte) error {
	_, err := fmt.Sscan(string(b), (*int)(f))
	return err
}
func (h hiddenText) MarshalText() ([]byte, error) {
	return []byte(strings.Join(h.words, " ")), nil
}
func (h *hiddenText) UnmarshalText(b []byte) error { h.words = strings.Fields(string(b)); return nil }
func (t Texted) MarshalText() ([]byte, error)      { return []byte(t.W), nil }
func (t *Texted) UnmarshalText(b []byte) error     { t.W = string(b); return nil }

func unlist(data []byte, w *string) error {
	var list []string
	err := json.Unmarshal(data, &list)
	if len(list) > 0 {
		*w = list[0]
	}
	return err
}

// randoms are the tests of the random types.
var randoms []func(t *testing.T, values int) (accepted int)

func add[T any]() { randoms = append(randoms, differ[T]) }

// Every value of a type that a codec accepts comes back from it as it was, or is refused
// when it is encoded. What the plan writes, msgpack/v5 reads as the same.
func TestRandomTypes(t *testing.T) {
	values := 20
	if os.Getenv("SESSIONS_EXHAUSTIVE") != "" {
		values = 1_000_000 / len(randoms)
	}
	accepted := 0
	for _, test := range randoms {
		accepted += test(t, values)
	}
	t.Logf("of %d types with two codecs, %d are accepted", len(randoms), accepted)
	if accepted < len(randoms)/3 {
		t.Errorf("the codecs accept %d types of %d", accepted, len(randoms))
	}
}

func differ[T any](t *testing.T, values int) (accepted int) {
	refused := session.Check[T]()
	for c, codec := range map[typeinfo.Codec]codec.Codec[T]{typeinfo.MessagePack: codec.MessagePack[T](), typeinfo.JSON: codec.JSON[T]()} {
		err := codec.(interface{ Check() error }).Check()
		if err == nil && refused != nil {
			t.Errorf("%v keeps a type that sessions refuse: %v", c, refused)
		}
		if err != nil {
			continue
		}
		accepted++
		random := rand.New(rand.NewPCG(7, uint64(values)))
		for range values {
			v := new(T)
			scatter(random, reflect.ValueOf(v).Elem(), 4)
			returns(t, c, codec, v)
		}
	}
	return accepted
}

// returns checks that a value comes back, that its copy is equal and stays when the value
// changes, and that msgpack/v5 reads what the plan wrote.
func returns[T any](t *testing.T, c typeinfo.Codec, codec codec.Codec[T], v *T) {
	t.Helper()
	plan, own := deep.Of[T](), deep.For[T](c)
	if plan.Verify(v) != nil {
		return
	}
	copied := plan.Copy(v)
	if !plan.Equal(v, copied) {
		t.Fatalf("%v: the copy differs in %v", c, plan.Changes(v, copied))
	}
	plan.Normalize(copied)
	if !plan.Equal(v, copied) {
		t.Fatalf("%v: another form differs in %v", c, plan.Changes(v, copied))
	}
	data, err := codec.Append(nil, copied)
	if err != nil {
		return
	}
	got := new(T)
	if err := codec.Decode(data, got); err != nil {
		t.Fatalf("%v: %T %+v is written as %q, and not read: %v", c, *v, *copied, data, err)
	}
	if !own.Equal(copied, got) {
		t.Fatalf("%v: %T comes back from %q with changes of %v:\n%+v\n%+v", c, *v, data, own.Changes(copied, got), *copied, *got)
	}
	if c != typeinfo.MessagePack {
		return
	}
	its := new(T)
	if msgpack.Unmarshal(data, its) == nil {
		if plan.Normalize(its); !own.Equal(got, its) {
			t.Fatalf("msgpack/v5 reads another %T from %q, with changes of %v", *v, data, own.Changes(got, its))
		}
	}
	again, err := codec.Append(nil, got)
	if err != nil || len(again) != len(data) || !bytes.Equal(sortedBytes(again), sortedBytes(data)) {
		t.Fatalf("%T is written as %q, and then as %q, %v", *v, data, again, err)
	}
}

func sortedBytes(b []byte) []byte {
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	return fmt.Append(nil, counts)
}

// scatter sets v at random, through so many slices, maps and pointers.
func scatter(r *rand.Rand, v reflect.Value, links int) {
	if r.IntN(4) == 0 || !v.CanAddr() {
		return
	}
	word := []string{"", "a", "b c", "null", "0", "<é>"}[r.IntN(6)]
	if !v.CanInterface() {
		scatterKind(r, v, links, word) // an embedded struct, whose fields may be exported
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).In(time.FixedZone("", r.IntN(3)*3600))
		return
	case *big.Int:
		p.SetInt64(r.Int64())
		return
	case *net.IP:
		*p = []net.IP{nil, {1, 2, 3, 4}, net.IPv4(1, 2, 3, 4), net.IPv6loopback}[r.IntN(4)]
		return
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{1, 2, 3, byte(r.IntN(4))})
		return
	case *url.URL:
		*p = url.URL{Path: "/" + word}
		return
	case *json.RawMessage:
		*p = []json.RawMessage{nil, {}, json.RawMessage(`null`), json.RawMessage(` { } `), json.RawMessage(`"\ufffd"`)}[r.IntN(5)]
		return
	case *json.Number:
		*p = json.Number([]string{"0", "1.5"}[r.IntN(2)])
		return
	case *netip.AddrPort:
		*p = netip.AddrPortFrom([]netip.Addr{{}, netip.IPv6Unspecified()}[r.IntN(2)], uint16(r.IntN(3)))
		return
	case *codec.Encoded[*plain]:
		*p = codec.EncodedOf([]*plain{nil, {}, {1, 2}}[r.IntN(3)])
		return
	case *noText, *nilPack, *nullJSON:
		v.SetInt(int64(r.IntN(7)))
		return
	case *lastDigit:
		*p = lastDigit(r.IntN(30))
		return
	case *hiddenText:
		p.words = strings.Fields(word)
		return
	}
	scatterKind(r, v, links, word)
}

func scatterKind(r *rand.Rand, v reflect.Value, links int, word string) {
	switch {
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			scatter(r, field, links)
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			scatter(r, v.Index(i), links)
		}
	case !v.CanSet():
	case v.Kind() == reflect.String:
		v.SetString(word)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(r.Int64() >> r.IntN(64))
	case v.CanUint():
		v.SetUint(r.Uint64() >> r.IntN(64))
	case v.CanFloat():
		v.SetFloat(r.NormFloat64())
	case links == 0:
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		scatter(r, v.Elem(), links-1)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			scatter(r, v.Index(i), links-1)
		}
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			scatter(r, key, links-1)
			scatter(r, elem, links-1)
			v.SetMapIndex(key, elem)
		}
	}
}
