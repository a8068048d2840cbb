package codec_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/internal/forge"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// expiresOffset is where a record has its expiry.
const expiresOffset = 10

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func record() session.Record[cart] {
	return session.Record[cart]{
		ID:         session.NewID(),
		Revision:   0x1122334455667788,
		Owner:      "customer-4711",
		Created:    start,
		Renewed:    start.Add(time.Minute),
		Deadline:   start.Add(24 * time.Hour),
		Expires:    start.Add(time.Hour),
		Remembered: true,
		Value:      tenItems(),
	}
}

// everyCodec returns one codec of each kind, and of each within another.
func everyCodec[T any](tb testing.TB) map[string]codec.Codec[T] {
	return map[string]codec.Codec[T]{
		"MessagePack":          codec.MessagePack[T](),
		"JSON":                 codec.JSON[T](),
		"sealed":               sealed(tb, codec.MessagePack[T](), 1, 2),
		"versioned":            versioned(tb, 2, codec.MessagePack[T](), codec.From(0, codec.JSON[T](), codec.Same), codec.From(1, codec.JSON[T](), codec.Same)),
		"sealed and versioned": sealed(tb, versioned(tb, 1, codec.JSON[T]()), 1),
		"versioned and sealed": versioned(tb, 1, sealed(tb, codec.JSON[T](), 1), codec.From(0, codec.JSON[T](), codec.Same)),
	}
}

// A damaged record is refused, wherever the damage is; only the time of idle
// expiry is not guarded, and moves.
func TestDamagedRecords(t *testing.T) {
	for name, c := range everyCodec[cart](t) {
		rec := record()
		data, err := wire.AppendRecord(nil, &rec, rec.Revision, c)
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			if _, err := wire.DecodeRecord(data[:n], rec.ID, c); !refused(err) {
				t.Errorf("%s: %d of %d bytes: got error %v", name, n, len(data), err)
			}
			for bit := range 8 {
				data[n] ^= 1 << bit
				got, err := wire.DecodeRecord(data, rec.ID, c)
				data[n] ^= 1 << bit
				if n < expiresOffset || n >= expiresOffset+8 {
					if !refused(err) {
						t.Errorf("%s: bit %d of byte %d flipped: got error %v", name, bit, n, err)
					}
					continue
				}
				if got.Expires = rec.Expires; err != nil || !cmp.Equal(got, rec) {
					t.Errorf("%s: bit %d of expires flipped: got %+v and error %v", name, bit, got, err)
				}
			}
		}
	}
}

func refused(err error) bool {
	_, ok := errors.AsType[*session.DecodeError](err)
	return ok
}

// With the checksum made right, damage to a sealed record is still refused, and
// damage to others gives an error or a record that can be written again.
func TestForgedRecords(t *testing.T) {
	for name, c := range everyCodec[cart](t) {
		rec := record()
		data, err := wire.AppendRecord(nil, &rec, rec.Revision, c)
		if err != nil {
			t.Fatal(err)
		}
		forged := func(what string, n int, data []byte) {
			t.Helper()
			got, err := wire.DecodeRecord(forge.Checksum[cart](data), rec.ID, c)
			if err == nil && name == "sealed" {
				t.Errorf("%s: %s at %d gives %+v", name, what, n, got)
			}
			if err == nil {
				_, err = wire.AppendRecord(nil, &got, got.Revision, c)
			}
			if err != nil && !refused(err) && !errors.Is(err, session.ErrNewer) {
				t.Errorf("%s: %s at %d: got error %v", name, what, n, err)
			}
		}
		for n := range data {
			if n >= expiresOffset && n < expiresOffset+8 || n >= 50 && n < 54 {
				continue
			}
			forged("cut", n, bytes.Clone(data[:n]))
			for bit := range 8 {
				flipped := bytes.Clone(data)
				flipped[n] ^= 1 << bit
				forged("a bit flipped", n, flipped)
			}
		}
	}
}
