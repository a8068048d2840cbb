package codec_test

import (
	"math"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
)

type (
	narrow struct {
		I8  int8
		I16 int16
		I32 int32
		I64 int64
		U8  uint8
		U16 uint16
		U32 uint32
		U64 uint64
		In  struct{ List []int8 }
		Map map[int8]*uint8
		Arr [2]int8
		narrowEmbedded
		Text  string
		Bytes []byte
	}
	narrowEmbedded struct{ Small int8 }
)

// Numbers that a field cannot hold are refused; all others are read.
func TestStoredNumbersMustFit(t *testing.T) {
	c := codec.MessagePack[narrow]()
	for name, test := range map[string]struct {
		stored any
		fits   bool
	}{
		"int8":                  {map[string]any{"I8": -128}, true},
		"int8 above":            {map[string]any{"I8": 300}, false},
		"int8 just above":       {map[string]any{"I8": 128}, false},
		"int8 below":            {map[string]any{"I8": -129}, false},
		"int16":                 {map[string]any{"I16": math.MinInt16}, true},
		"int16 above":           {map[string]any{"I16": math.MaxInt16 + 1}, false},
		"int32":                 {map[string]any{"I32": math.MaxInt32}, true},
		"int32 below":           {map[string]any{"I32": math.MinInt32 - 1}, false},
		"int64":                 {map[string]any{"I64": int64(math.MinInt64)}, true},
		"int64 above":           {map[string]any{"I64": uint64(math.MaxUint64)}, false},
		"uint8":                 {map[string]any{"U8": 255}, true},
		"uint8 above":           {map[string]any{"U8": 256}, false},
		"uint8 negative":        {map[string]any{"U8": -1}, false},
		"uint16 above":          {map[string]any{"U16": 1 << 16}, false},
		"uint32 above":          {map[string]any{"U32": 1 << 32}, false},
		"uint64":                {map[string]any{"U64": uint64(math.MaxUint64)}, true},
		"uint64 negative":       {map[string]any{"U64": -1}, false},
		"a float":               {map[string]any{"I8": 3.7}, false},
		"nil":                   {map[string]any{"I8": nil}, true},
		"in a list":             {map[string]any{"In": map[string]any{"List": []int{1, 2, 300}}}, false},
		"in a list that fits":   {map[string]any{"In": map[string]any{"List": []int{1, 2, 100}}}, true},
		"in a map's value":      {map[string]any{"Map": map[int]int{1: 300}}, false},
		"in a map's key":        {map[string]any{"Map": map[int]int{300: 1}}, false},
		"in an array":           {map[string]any{"Arr": []int{1, -200}}, false},
		"in an embedded struct": {map[string]any{"Small": 200}, false},
		"of an unknown field":   {map[string]any{"Gone": map[string]any{"I8": []any{300, "x", []byte("y"), 1.5, nil}}, "I8": 1}, true},
		"after other values":    {map[string]any{"Text": "some text", "Bytes": []byte{1, 2, 3}, "I8": 300}, false},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := msgpack.Marshal(test.stored)
			if err != nil {
				t.Fatal(err)
			}
			var v narrow
			if err := c.Decode(data, &v); (err == nil) != test.fits {
				t.Errorf("read as %+v, error %v", v, err)
			}
		})
	}
}

// A recursive type has one shape.
func TestStoredNumbersOfARecursiveType(t *testing.T) {
	type node struct {
		N    int8
		Next *node
		All  map[string][]node
	}
	c := codec.MessagePack[node]()
	deepest := map[string]any{"Next": map[string]any{"All": map[string]any{"x": []any{map[string]any{"N": 300}}}}}
	data, err := msgpack.Marshal(deepest)
	if err != nil {
		t.Fatal(err)
	}
	var v node
	if err := c.Decode(data, &v); err == nil {
		t.Errorf("read as %+v", v)
	}
}
