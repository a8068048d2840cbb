package wire_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
)

func BenchmarkRecord(b *testing.B) {
	rec, c := record(), codec.MessagePack[cart]()
	data, err := wire.AppendRecord(nil, &rec, 1, c)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]byte, 0, 2*len(data))
		for b.Loop() {
			dst, _ = wire.AppendRecord(dst[:0], &rec, 1, c)
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.DecodeRecord(data, rec.ID, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
