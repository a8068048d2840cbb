package codec_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
)

type sums struct {
	F64  float64
	F32  float32
	Each map[string][]*float64
	Raw  json.RawMessage
	Text string
}

// An integer is read into a float that has exactly its value, or is the one that was written.
func TestJSONNumbersFitOrAreRefused(t *testing.T) {
	for data, want := range map[string]bool{
		`{"F64":9007199254740992}`:            true,
		`{"F64":9007199254740993}`:            false,
		`{"f64":9007199254740993}`:            false, // as encoding/json finds the field
		`{"F64":1152921504606847000}`:         true,  // as encoding/json writes 1<<60
		`{"F64":1152921504606846976}`:         true,
		`{"F64":-123456789012345678}`:         false,
		`{"F32":16777216}`:                    true,
		`{"F32":16777217}`:                    false,
		`{"F32":0.1234567890123}`:             true,
		`{"Each":{"a":[9007199254740993]}}`:   false,
		`{"Text":"9007199254740993"}`:         true,
		`{"Raw":9007199254740993}`:            true,
		`{"Gone":[9007199254740993,{"a":1}]}`: true,
	} {
		t.Run(data, func(t *testing.T) {
			var v sums
			if err := codec.JSON[sums]().Decode([]byte(data), &v); (err == nil) != want {
				t.Errorf("got %+v and error %v", v, err)
			}
		})
	}
	for n := range 2000 {
		f := float64(int64(1)<<53) * (1 + float64(n)/1999)
		v := sums{F64: f, F32: float32(f)}
		data, err := codec.JSON[sums]().Append(nil, &v)
		var got sums
		if err == nil {
			err = codec.JSON[sums]().Decode(data, &got)
		}
		if err != nil || got.F64 != v.F64 || got.F32 != v.F32 {
			t.Fatalf("from %s: got %+v and error %v, want %+v", data, got, err, v)
		}
	}
}

// A type of floats may become narrower, as long as the numbers fit.
func TestMessagePackFloatsFitOrAreRefused(t *testing.T) {
	for f, want := range map[float64]bool{0.5: true, -1 << 100: true, 0.1: false, 1e300: false} {
		data, err := codec.MessagePack[struct{ F float64 }]().Append(nil, &struct{ F float64 }{f})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decoded[struct{ F float32 }](string(data))
		if (err == nil) != want || want && float64(got.F) != f {
			t.Errorf("%v is read as %v, error %v", f, got, err)
		}
	}
}

func TestRawJSONMayHoldEscapes(t *testing.T) {
	c := codec.JSON[sums]()
	for _, v := range []sums{{Raw: json.RawMessage(`["\ufffd"]`)}, {Raw: json.RawMessage(`{"\ufffd":1}`), Text: "\ufffd"}} {
		data, err := c.Append(nil, &v)
		var got sums
		if err == nil {
			err = c.Decode(data, &got)
		}
		if err != nil || string(got.Raw) != string(v.Raw) || got.Text != v.Text {
			t.Errorf("got %+v and error %v, want %+v", got, err, v)
		}
	}
	if data, err := c.Append(nil, &sums{Raw: json.RawMessage(`"\ufffd"`), Text: "\xff"}); err == nil {
		t.Errorf("a string that is not UTF-8 is written as %s", data)
	}
}

type amounts struct {
	N *big.Int
	M map[string]big.Int
	R []*big.Rat
}

// No number of package math/big takes memory or time out of proportion.
func TestLargeNumbersAreRefused(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	for name, data := range map[string]string{
		"JSON integer":         `{"N":` + long + `}`,
		"JSON map":             `{"M":{"a":` + long + `}}`,
		"JSON exponent":        `{"R":["1e1000000"]}`,
		"JSON escaped":         `{"R":["1\u00651000000"]}`,
		"JSON fraction":        `{"R":["1/` + long + `"]}`,
		"MessagePack integer":  "\x81\xa1N\xdb\x00\x10\x00\x00" + long,
		"MessagePack exponent": "\x81\xa1R\x91\xa91e1000000",
	} {
		t.Run(name, func(t *testing.T) {
			c := codec.MessagePack[amounts]()
			if strings.HasPrefix(name, "JSON") {
				c = codec.JSON[amounts]()
			}
			var err error
			begin := time.Now()
			allocated := allocation(func() { err = c.Decode([]byte(data), new(amounts)) })
			if limit := uint64(1<<20 + 2000*len(data)); err == nil || len(data) < 100 && allocated > 1<<16 || allocated > limit {
				t.Errorf("took %d bytes and %v, error %v", allocated, time.Since(begin), err)
			}
		})
	}
	v := amounts{N: new(big.Int).Lsh(big.NewInt(1), 1<<20)}
	for _, c := range []codec.Codec[amounts]{codec.MessagePack[amounts](), codec.JSON[amounts]()} {
		if _, err := c.Append(nil, &v); err == nil || !strings.Contains(fmt.Sprint(err), "digits") {
			t.Errorf("a number that would not be read is written: %v", err)
		}
	}
}

type pairs struct {
	N [2]int
	B [2]byte
	L []map[string][2]pair
	E [0]int
}

type pair struct{ A, B string }

// A shorter array than before would lose elements.
func TestElementsThatAnArrayHasNotAreRefused(t *testing.T) {
	for data, want := range map[string]bool{
		`{"N":[1,2],"B":[1,2],"L":[{"a":[{},{}]}],"E":[]}`: true,
		`{"N":[1]}`:                     true,
		`{"N":[ ]}`:                     true,
		`{"n":[1,2,3]}`:                 false,
		`{"B":[1,2,3]}`:                 false,
		`{"L":[{"a":[{},{},{}]}]}`:      false,
		`{"L":[{"a":[{}]},{},{},null]}`: true,
		`{"E":[0]}`:                     false,
		`{"Gone":[1,2,3]}`:              true,
	} {
		var v pairs
		if err := codec.JSON[pairs]().Decode([]byte(data), &v); (err == nil) != want {
			t.Errorf("%s: got %+v and error %v", data, v, err)
		}
	}
	data, err := codec.MessagePack[[3]int]().Append(nil, &[3]int{1, 2, 3})
	if err == nil {
		err = codec.MessagePack[[2]int]().Decode(data, new([2]int))
	}
	if err == nil {
		t.Error("MessagePack reads three elements into an array of two")
	}
}
