package codec_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/internal/forge"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// secretKey returns a key that differs from those of other numbers.
func secretKey(n byte) []byte { return bytes.Repeat([]byte{n}, codec.KeySize) }

func sealed[T any](tb testing.TB, inner codec.Codec[T], keys ...byte) codec.Codec[T] {
	tb.Helper()
	var secrets [][]byte
	for _, n := range keys {
		secrets = append(secrets, secretKey(n))
	}
	c, err := codec.Sealed(inner, secrets...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestSealedArguments(t *testing.T) {
	c, err := codec.Sealed[cart](nil, make([]byte, 31), secretKey(1), secretKey(2), secretKey(1), nil)
	if c != nil || err == nil {
		t.Fatalf("got %v and error %v", c, err)
	}
	for _, want := range []string{
		"codec: Sealed: key 1 has 31 bytes, not 32",
		"codec: Sealed: keys 2 and 4 are the same",
		"codec: Sealed: key 5 has 0 bytes, not 32",
		"codec: Sealed: the inner codec is nil",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := codec.Sealed(codec.JSON[cart]()); err == nil || err.Error() != "codec: Sealed: there is no key" {
		t.Errorf("no key: got error %v", err)
	}
}

func TestSealedHides(t *testing.T) {
	v := tenItems()
	for _, c := range []codec.Codec[cart]{codec.MessagePack[cart](), codec.JSON[cart]()} {
		plain, err := c.Append(nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		s := sealed(t, c, 1)
		for _, dst := range [][]byte{[]byte("before"), append(make([]byte, 0, 1<<16), "before"...)} {
			one, err := s.Append(dst, &v)
			if err != nil {
				t.Fatal(err)
			}
			one, _ = bytes.CutPrefix(bytes.Clone(one), []byte("before"))
			two, _ := s.Append(nil, &v)
			if bytes.Equal(one, two) || bytes.Contains(one, []byte("customer")) || bytes.Contains(one, plain[:8]) {
				t.Errorf("the sealed value shows what is in it:\n%q\n%q", one, two)
			}
			if got := len(one) - len(plain); got != 29 {
				t.Errorf("sealing adds %d bytes", got)
			}
			var got cart
			if err := s.Decode(one, &got); err != nil || !cmp.Equal(got, v) {
				t.Errorf("got %+v and error %v", got, err)
			}
		}
	}
}

func TestSealedKeys(t *testing.T) {
	inner, v := codec.MessagePack[cart](), tenItems()
	for name, tt := range map[string]struct {
		write, read codec.Codec[cart]
		ok          bool
	}{
		"same key":                 {sealed(t, inner, 1), sealed(t, inner, 1), true},
		"old key among others":     {sealed(t, inner, 1), sealed(t, inner, 3, 2, 1), true},
		"the first seals":          {sealed(t, inner, 2, 1), sealed(t, inner, 2), true},
		"the others do not":        {sealed(t, inner, 2, 1), sealed(t, inner, 1), false},
		"old key gone":             {sealed(t, inner, 1), sealed(t, inner, 2, 3), false},
		"not sealed":               {inner, sealed(t, inner, 1), false},
		"sealed, and nobody knows": {sealed(t, inner, 1), inner, false},
		"sealed twice":             {sealed(t, sealed(t, inner, 1), 2), sealed(t, sealed(t, inner, 1), 2), true},
	} {
		rec := record()
		data, err := wire.AppendRecord(nil, &rec, rec.Revision, tt.write)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.DecodeRecord(data, rec.ID, tt.read)
		if _, refused := errors.AsType[*session.DecodeError](err); refused == tt.ok || err == nil != tt.ok {
			t.Errorf("%s: got error %v", name, err)
		}
		if tt.ok && !cmp.Equal(got, rec) {
			t.Errorf("%s: got %+v", name, got)
		}
		plain, err := tt.write.Append(nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		if err := tt.read.Decode(plain, new(cart)); err == nil != tt.ok {
			t.Errorf("%s, without a record: got error %v", name, err)
		}
	}
}

// However a sealed value fails to open, the error is the same, so that it tells
// nobody which key was tried or how far that got.
func TestSealedTellsNothing(t *testing.T) {
	v := tenItems()
	data, err := sealed(t, codec.JSON[cart](), 1).Append(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	c := sealed(t, codec.JSON[cart](), 2, 3)
	want := c.Decode(nil, new(cart)).Error()
	for _, data := range [][]byte{data, data[:1], data[:20], data[:29], data[:len(data)-1], {0}, append(bytes.Clone(data), 0)} {
		if err := c.Decode(data, new(cart)); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// A sealed value opens nowhere but in the record that it was sealed for.
func TestSealedIsTiedToItsRecord(t *testing.T) {
	c := sealed(t, codec.MessagePack[cart](), 1)
	rec := record()
	data, err := wire.AppendRecord(nil, &rec, rec.Revision, c)
	if err != nil {
		t.Fatal(err)
	}
	head := wire.HeaderSize + len(rec.Owner)
	for name, change := range map[string]func([]byte) []byte{
		"other owner":    func(d []byte) []byte { d[48] ^= 1; return d },
		"longer life":    func(d []byte) []byte { d[38]++; return d },
		"later log-in":   func(d []byte) []byte { d[31]++; return d },
		"other creation": func(d []byte) []byte { d[25] ^= 1; return d },
		"other revision": func(d []byte) []byte { d[9] ^= 1; return d },
		"window only":    func(d []byte) []byte { d[1] ^= 1; return d },
		"no owner": func(d []byte) []byte {
			d[46], d[47] = 0, 0
			return append(d[:48], d[head:]...)
		},
		"part of the owner": func(d []byte) []byte { d[47]--; return d },
		"part of the value": func(d []byte) []byte { d[47]++; return d },
	} {
		_, err := wire.DecodeRecord(forge.Checksum[cart](change(bytes.Clone(data))), rec.ID, c)
		if _, ok := errors.AsType[*session.DecodeError](err); !ok {
			t.Errorf("%s: got error %v, want a DecodeError", name, err)
		}
	}
	if got, err := wire.DecodeRecord(data, session.NewID(), c); err == nil {
		t.Errorf("pasted over another record, it gives %+v", got)
	}
	if err := c.Decode(data[head:], new(cart)); err == nil {
		t.Error("it opens without its record")
	}
	moved := copy(data[expiresOffset:], wire.AppendExpires(nil, start.Add(2*time.Hour)))
	if got, err := wire.DecodeRecord(data, rec.ID, c); moved != 8 || err != nil || got.Expires != start.Add(2*time.Hour) {
		t.Errorf("touched: got %v and error %v", got.Expires, err)
	}
}

// An attacker who can forge checksums cannot pass one type's value off as another's.
func TestSealedIsTiedToItsType(t *testing.T) {
	rec := session.Record[order]{ID: session.ID{1}, Value: order{"anna"}}
	data, err := wire.AppendRecord(nil, &rec, 1, sealed(t, codec.MessagePack[order](), 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = wire.DecodeRecord(forge.Checksum[invoice](data), rec.ID, sealed(t, codec.MessagePack[invoice](), 1))
	if err == nil || strings.Contains(err.Error(), "checksum") {
		t.Errorf("got error %v", err)
	}
}

// The format is fixed: other versions of this module read it too.
func TestSealedFormat(t *testing.T) {
	c := sealed(t, codec.JSON[order](), 9)
	rec := session.Record[order]{ID: session.ID{1, 2, 3}, Owner: "ab"}
	data, err := wire.AppendRecord(nil, &rec, 5, c)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(secretKey(9))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	label := []byte("github.com/seed48429006/sessions/codec sealed value 1\x00")
	bound := bytes.Join([][]byte{label, rec.ID[:], data[:10], data[18:50], data[54:60], []byte(orderType)}, nil)
	sealed := append([]byte{1}, "twelve bytes"...)
	sealed = gcm.Seal(sealed, []byte("twelve bytes"), []byte(`{"Customer":"anna"}`), bound)
	got, err := wire.DecodeRecord(forge.Checksum[order](append(data[:60], sealed...)), rec.ID, c)
	if err != nil || got.Value.Customer != "anna" {
		t.Errorf("got %+v and error %v", got, err)
	}
	alone := append([]byte{1}, "twelve bytes"...)
	alone = gcm.Seal(alone, []byte("twelve bytes"), []byte(`{"Customer":"bob"}`), label)
	var v order
	if err := c.Decode(alone, &v); err != nil || v.Customer != "bob" {
		t.Errorf("without a record: got %+v and error %v", v, err)
	}
}

func TestSealedPassesOn(t *testing.T) {
	if err := sealed(t, codec.MessagePack[struct{ C chan int }](), 1).(codec.Checker).Check(); err == nil {
		t.Error("Check does not ask the inner codec")
	}
	data, err := sealed(t, codec.MessagePack[failing](), 1).Append([]byte("kept"), &failing{})
	if !errors.Is(err, errFailing) || string(data) != "kept" {
		t.Errorf("got %q and error %v", data, err)
	}
	if err := sealed(t, plainCodec{}, 1).(codec.Checker).Check(); err != nil {
		t.Errorf("a codec that cannot check: %v", err)
	}
}

// plainCodec is no more than a Codec has to be.
type plainCodec struct{}

func (plainCodec) Append(dst []byte, v *string) ([]byte, error) { return append(dst, *v...), nil }

func (plainCodec) Decode(data []byte, v *string) error { *v = string(data); return nil }
