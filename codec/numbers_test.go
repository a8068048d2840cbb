package codec_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

type celsius int8

// integers has those at the limits of each type, and one beyond.
func integers() (list []*big.Int) {
	for bits := range uint(65) {
		at := new(big.Int).Lsh(big.NewInt(1), bits)
		for _, off := range []int64{-1, 0, 1} {
			n := new(big.Int).Add(at, big.NewInt(off))
			for _, n := range []*big.Int{n, new(big.Int).Neg(n)} {
				if n.IsInt64() || n.IsUint64() {
					list = append(list, n)
				}
			}
		}
	}
	return list
}

// encoded returns the MessagePack encoding of n.
func encoded(t *testing.T, n *big.Int) []byte {
	t.Helper()
	data, err := codec.MessagePack[uint64]().Append(nil, new(n.Uint64()))
	if n.IsInt64() {
		data, err = codec.MessagePack[int64]().Append(nil, new(n.Int64()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fits checks that each integer is read as what it is, or refused by an N that
// cannot hold it.
func fits[N any](t *testing.T) {
	t.Run(reflect.TypeFor[N]().String(), func(t *testing.T) {
		for _, n := range integers() {
			var got N
			v := reflect.ValueOf(&got).Elem()
			err := codec.MessagePack[N]().Decode(encoded(t, n), &got)
			if want := holds(v, n); want != (err == nil) {
				t.Errorf("%v is read as %v, error %v", n, got, err)
			}
			if err == nil && exactly(v).Cmp(new(big.Float).SetInt(n)) != 0 || err != nil && !v.IsZero() {
				t.Errorf("%v is read as %v, error %v", n, got, err)
			}
		}
	})
}

// holds reports whether a value of v's type can be n.
func holds(v reflect.Value, n *big.Int) bool {
	f := new(big.Float).SetInt(n)
	switch {
	case v.CanInt():
		return n.IsInt64() && !v.OverflowInt(n.Int64())
	case v.CanUint():
		return n.IsUint64() && !v.OverflowUint(n.Uint64())
	case !n.IsInt64(): // msgpack/v5 reads those as negative floats
		return false
	case v.Kind() == reflect.Float32:
		_, accuracy := f.Float32()
		return accuracy == big.Exact
	}
	_, accuracy := f.Float64()
	return accuracy == big.Exact
}

// exactly returns the number v.
func exactly(v reflect.Value) *big.Float {
	switch {
	case v.CanInt():
		return new(big.Float).SetInt64(v.Int())
	case v.CanUint():
		return new(big.Float).SetUint64(v.Uint())
	}
	return big.NewFloat(v.Float())
}

func TestMessagePackNumbersFitOrAreRefused(t *testing.T) {
	fits[int](t)
	fits[int8](t)
	fits[int16](t)
	fits[int32](t)
	fits[int64](t)
	fits[uint](t)
	fits[uint8](t)
	fits[uint16](t)
	fits[uint32](t)
	fits[uint64](t)
	fits[float32](t)
	fits[float64](t)
	fits[celsius](t)
	fits[time.Duration](t)
}

type (
	was struct {
		Inner
		N    int64
		P    *int64
		L    []int64
		A    [2]int64
		M    map[int64]int64
		S    []Inner
		Next *was
		Gone int64
		Old  int64
	}
	Inner struct{ Depth int64 }
	is    struct {
		InnerNow
		N    int8
		P    *int8
		L    []uint
		A    [2]int16
		M    map[int8]uint32
		S    []InnerNow
		Next *is
		New  int8 `msgpack:",alias:Old"`
		More int
	}
	InnerNow struct{ Depth float32 }
)

// The error says which field it is.
func TestMessagePackNumbersInEveryPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		v    was
		want string // empty if it is read
	}{
		"field":                  {was{N: 300}, "codec: N: the number 300 does not fit into type int8"},
		"negative field":         {was{N: -129}, "codec: N: the number -129 does not fit into type int8"},
		"pointer":                {was{P: new(int64(128))}, "codec: P: the number 128 does not fit into type int8"},
		"slice":                  {was{L: []int64{1, -1}}, "codec: L[]: the number -1 does not fit into type uint"},
		"array":                  {was{A: [2]int64{0, 1 << 15}}, "codec: A[]: the number 32768 does not fit into type int16"},
		"key of a map":           {was{M: map[int64]int64{200: 1}}, "codec: M[key]: the number 200 does not fit into type int8"},
		"value of a map":         {was{M: map[int64]int64{1: 1 << 32}}, "codec: M[]: the number 4294967296 does not fit into type uint32"},
		"struct in a slice":      {was{S: []Inner{{}, {1<<24 + 1}}}, "codec: S[].Depth: the number 16777217 does not fit into type float32"},
		"embedded struct":        {was{Inner: Inner{1<<24 + 1}}, "codec: Depth: the number 16777217 does not fit into type float32"},
		"struct within its type": {was{Next: &was{Next: &was{N: 1000}}}, "codec: Next.Next.N: the number 1000 does not fit into type int8"},
		"other name":             {was{Old: 300}, "codec: Old: the number 300 does not fit into type int8"},
		"field that is gone":     {was{Gone: math.MaxInt64, N: 5}, ""},
		"larger than others":     {was{N: -128, A: [2]int64{math.MaxInt16, math.MinInt16}, M: map[int64]int64{-128: math.MaxUint32}}, ""},
		"float that is exact":    {was{Inner: Inner{-1 << 40}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := codec.MessagePack[was]().Append(nil, &tt.v)
			if err != nil {
				t.Fatal(err)
			}
			var got is
			err = codec.MessagePack[is]().Decode(data, &got)
			if text := fmt.Sprint(err); text != cmp.Or(tt.want, "<nil>") {
				t.Errorf("got %+v and error %v, want %q", got, err, tt.want)
			}
		})
	}
}

// An array is read into a struct of as many fields.
func TestMessagePackNumbersInAStructFromAnArray(t *testing.T) {
	type pair struct {
		A int
		B int8
	}
	if got, err := decoded[pair]("\x92\xcd\x01\x2c\x7f"); err != nil || got != (pair{300, 127}) {
		t.Errorf("got %+v and error %v", got, err)
	}
	if got, err := decoded[pair]("\x92\x00\xcd\x01\x2c"); err == nil {
		t.Errorf("got %+v", got)
	}
}

// A type that encodes itself decides by itself what it reads.
func TestMessagePackNumbersOfTypesThatEncodeThemselves(t *testing.T) {
	if got, err := decoded[struct {
		F flagging
		N int8
	}]("\x81\xa1F\xa3abc"); err != nil || got.F.Name != "abc" {
		t.Errorf("got %+v and error %v", got, err)
	}
	if got, err := decoded[invalid]("\xcd\x01\x2c"); err != nil || got.Data != "\xcd\x01\x2c" {
		t.Errorf("got %+v and error %v", got, err)
	}
}

// A session whose number no longer fits is unreadable, and not another.
func TestRecordWithANumberThatNoLongerFits(t *testing.T) {
	type before = struct{ Count int }
	type after = struct{ Count int8 }
	data := stored(t, codec.MessagePack[titled[before]](), titled[before]{before{300}})
	rec, err := wire.DecodeRecord(data, visitID, codec.MessagePack[titled[after]]())
	if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != visitID {
		t.Errorf("got %+v and error %v, want a DecodeError", rec, err)
	}
}

type titled[T any] struct{ V T }

func (titled[T]) SessionType() string { return "titled" }

func TestMessagePackDecodeAllocations(t *testing.T) {
	v := tenItems()
	v.Notices = []string{"hello"}
	for name, price := range map[string]int64{"small numbers": 199, "large numbers": math.MaxInt64} {
		t.Run(name, func(t *testing.T) {
			for i := range v.Items {
				v.Items[i].Price = price
			}
			c := codec.MessagePack[cart]()
			data, err := c.Append(nil, &v)
			if err != nil {
				t.Fatal(err)
			}
			var got cart
			if n := allocations(func() { got = cart{}; c.Decode(data, &got) }); n > 3 { // two slices, and all strings
				t.Errorf("Decode takes %v allocations, want at most 3", n)
			}
		})
	}
}
