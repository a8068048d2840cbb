package codec_test

import (
	"bytes"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
)

// FuzzPlannedDecode compares what a codec with a plan reads with what msgpack/v5
// reads, and then what both write of that.
func FuzzPlannedDecode(f *testing.F) {
	seed(f, full(), wide{})
	seed(f, somethings()...)
	seed(f, tenItems(), cart{})
	for _, tt := range hostileData {
		f.Add([]byte(tt.data[:min(len(tt.data), 1<<10)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		compare[cart](t, data)
		compare[wide](t, data)
		compare[parts](t, data)
		compare[hostile](t, data)
		compare[is](t, data)
		compare[map[string][]map[string]*key](t, data)
	})
}

func seed[T any](f *testing.F, values ...T) {
	for _, v := range values {
		data, err := codec.Unplanned[T]().Append(nil, &v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func compare[T any](t *testing.T, data []byte) {
	t.Helper()
	sameFrom[T](t, data)
	v := new(T)
	if codec.Unplanned[T]().Decode(data, v) != nil {
		return
	}
	want, wantErr := codec.Unplanned[T]().Append(nil, v)
	got, err := codec.MessagePack[T]().Append(nil, v)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%T: writing gives error %v, want %v", *v, err, wantErr)
	}
	if err != nil || bytes.Equal(got, want) {
		return
	}
	if len(got) != len(want) { // else the maps are in another order
		t.Fatalf("%T: wrote %q, want %q", *v, got, want)
	}
	sameByMsgpack[T](t, got, want)
}

// sameByMsgpack checks that msgpack/v5 itself reads the same from both.
func sameByMsgpack[T any](t *testing.T, got, want []byte) {
	t.Helper()
	var a, b T
	if err := msgpack.Unmarshal(want, &a); err != nil {
		return // it needs the codec's care
	}
	if err := msgpack.Unmarshal(got, &b); err != nil {
		t.Fatalf("%T: msgpack/v5 cannot read %q: %v", a, got, err)
	}
	if !same(&a, &b) {
		t.Fatalf("msgpack/v5 reads %+v from %q, and %+v from %q", b, got, a, want)
	}
}
