package codec_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
)

func BenchmarkMessagePack(b *testing.B) { benchmark(b, codec.MessagePack[cart]()) }

func BenchmarkJSON(b *testing.B) { benchmark(b, codec.JSON[cart]()) }

func benchmark(b *testing.B, c codec.Codec[cart]) {
	v := tenItems()
	data, err := c.Append(nil, &v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]byte, 0, 2*len(data))
		for b.Loop() {
			dst, _ = c.Append(dst[:0], &v)
		}
		b.ReportMetric(float64(len(data)), "bytes")
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var got cart
			if err := c.Decode(data, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
