package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/forge"
	"github.com/seed48429006/sessions/session"
)

// successor has another byte at each index.
var successor = func() (id session.ID) {
	for i := range id {
		id[i] = byte(i + 1)
	}
	return id
}()

// All versions of this module must read the format.
func TestRetiredFormatIsFixed(t *testing.T) {
	const want = "01" + "02" + "1122334455667788" + // format, flags, revision
		"ffffc77cedd32800" + "ffffc77cedd32800" + "ffffc77cedd32800" + "ffffc77cedd32800" + // times, all zero
		"7cb4bbe5" + "0000" + // checksum, length of the owner
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
	if got := hex.EncodeToString(wire.AppendRetired(nil, 0x1122334455667788, successor)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got := wire.AppendRetired([]byte("before"), 3, successor)
	if !bytes.Equal(got, append([]byte("before"), wire.AppendRetired(nil, 3, successor)...)) {
		t.Errorf("after other bytes, a retired record is %q", got)
	}
}

func TestRetiredRecordsNameTheirSuccessor(t *testing.T) {
	id := session.ID{7}
	for name, want := range map[string]session.ID{"successor": successor, "no successor": {}} {
		t.Run(name, func(t *testing.T) {
			data := wire.AppendRetired(nil, 3, want)
			rec, err := wire.DecodeRecord(data, id, codec.MessagePack[order]())
			if retired, ok := errors.AsType[*session.RetiredError](err); !ok || *retired != (session.RetiredError{ID: id, Successor: want}) {
				t.Errorf("got error %#v", err)
			}
			if !errors.Is(err, session.ErrGone) || rec != (session.Record[order]{}) {
				t.Errorf("got %+v and error %v, want ErrGone and no record", rec, err)
			}
			h, err := wire.ReadHeader(data[:wire.HeaderSize])
			if err != nil || !h.Retired || h.Revision != 3 {
				t.Errorf("the header is %+v, error %v", h, err)
			}
		})
	}
	t.Run("another type", func(t *testing.T) {
		if _, err := wire.DecodeRecord(wire.AppendRetired(nil, 7, successor), id, codec.JSON[[]string]()); !errors.Is(err, session.ErrGone) {
			t.Errorf("got error %v, want ErrGone", err)
		}
	})
}

// A damaged retired record must not name another successor.
func TestDamagedRetiredRecordsAreRefused(t *testing.T) {
	damages(t, wire.AppendRetired(nil, 9, successor), func(int) bool { return true })
}

func TestMalformedRetiredRecordsWithARightChecksumAreRefused(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"no successor":     func(d []byte) []byte { return d[:wire.HeaderSize] },
		"half a successor": func(d []byte) []byte { return d[:wire.HeaderSize+16] },
		"two successors":   func(d []byte) []byte { return append(d, d[wire.HeaderSize:]...) },
		"persistent":       func(d []byte) []byte { d[1] |= 1; return d },
		"expires":          func(d []byte) []byte { d[expiresOffset]++; return d },
		"deadline":         func(d []byte) []byte { d[34]++; return d },
		"owner":            func(d []byte) []byte { d[47] = 1; return d },
		"no revision":      func(d []byte) []byte { clear(d[2:10]); return d },
	} {
		t.Run(name, func(t *testing.T) {
			unreadable(t, forge.Checksum[cart](change(wire.AppendRetired(nil, 9, successor))))
		})
	}
}
