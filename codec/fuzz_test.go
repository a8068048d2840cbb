package codec_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

// checkDecode feeds data to c. A value that c decodes must survive a round trip,
// and decoding must take memory in proportion to the data.
func checkDecode[T any](t *testing.T, c codec.Codec[T], data []byte) {
	t.Helper()
	var v, decoded T
	var err error
	allocated := allocation(func() { err = c.Decode(data, &v) })
	if limit := uint64(1<<20 + 2000*len(data)); allocated > limit {
		t.Fatalf("%d bytes of data took %d bytes of memory", len(data), allocated)
	}
	if err != nil {
		return
	}
	written, err := c.Append(nil, &v)
	if err != nil {
		return // read from data that is no value's encoding
	}
	if err := c.Decode(written, &decoded); err != nil {
		t.Fatalf("what Append wrote cannot be read: %v", err)
	}
	if diff := cmp.Diff(v, decoded, exact...); diff != "" {
		t.Fatalf("not the same once it is written (-first +second):\n%s", diff)
	}
}

func FuzzMessagePackDecode(f *testing.F) {
	c, v := codec.MessagePack[wide](), full()
	data, err := c.Append(nil, &v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, tt := range hostileData {
		f.Add([]byte(tt.data[:min(len(tt.data), 1<<10)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, codec.MessagePack[wide](), data)
		checkDecode(t, codec.MessagePack[map[string][]map[string]*key](), data)
		allocated := allocation(func() { codec.MessagePack[hostile]().Decode(data, new(hostile)) })
		if limit := uint64(1<<20 + 2000*len(data)); allocated > limit {
			t.Fatalf("%d bytes of data took %d bytes of memory", len(data), allocated)
		}
	})
}

func FuzzJSONDecode(f *testing.F) {
	c, v := codec.JSON[wide](), full()
	data, err := c.Append(nil, &v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"Text":"\ufffd\\ufffd","Tree":{"Kids":[{}]},"Nested":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, codec.JSON[wide](), data)
		checkDecode(t, codec.JSON[map[string][]map[string]*key](), data)
	})
}

// FuzzSealed gives a sealed codec data of which it has sealed nothing, and then
// the same data sealed as it should be.
func FuzzSealed(f *testing.F) {
	v := full()
	data, err := codec.MessagePack[wide]().Append(nil, &v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	data, err = sealed(f, codec.MessagePack[wide](), 1).Append(nil, &v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:len(data)-1])
	f.Add(append(data, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := sealed(t, codec.MessagePack[wide](), 2, 3)
		if err := c.Decode(data, new(wide)); err == nil {
			t.Fatalf("%q was never sealed, and opens", data)
		}
		text := string(data)
		data, err := sealed(t, codec.Codec[string](plainCodec{}), 3).Append(nil, &text)
		if err != nil {
			t.Fatal(err)
		}
		checkDecode(t, c, data)
	})
}

func FuzzVersioned(f *testing.F) {
	c, v := visits(f), visit{"Ada", "L", []string{"/"}, start}
	data, err := c.Append(nil, &v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"Name":"Ada L"}`))
	f.Add([]byte("\xc1\x00\x02\x83\xa5First\xa3Ada\xa4Last\xa1L\xa5Pages\x07"))
	f.Add([]byte("\xc1\x00\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v visit
		err := c.Decode(data, &v)
		newer := len(data) > 2 && data[0] == 0xc1 && (data[1] > 0 || data[2] > 3)
		if decoded := len(data) > 3 && data[0] == 0xc1 && data[3] == 0xc1; errors.Is(err, session.ErrNewer) != newer && !decoded {
			t.Fatalf("got error %v", err)
		}
		if err != nil && (v.First != "" || v.Pages != nil) {
			t.Fatalf("the value is %+v after error %v", v, err)
		}
		if len(v.Pages) < 1<<10 { // an upgrade of this test makes as many as it is told
			checkDecode(t, c, data)
		}
	})
}
