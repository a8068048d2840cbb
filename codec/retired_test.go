package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

// successor has another byte at each place.
var successor = func() (id session.ID) {
	for i := range id {
		id[i] = byte(i + 1)
	}
	return id
}()

// The form of a marker is fixed: all versions of this module must read it.
func TestRetiredForm(t *testing.T) {
	const want = "01" + "02" + "1122334455667788" + // format, flags, revision
		"ffffc77cedd32800" + "ffffc77cedd32800" + "ffffc77cedd32800" + "ffffc77cedd32800" + // times, all zero
		"7cb4bbe5" + "0000" + // length of the owner
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
	if got := hex.EncodeToString(codec.AppendRetired(nil, 0x1122334455667788, successor)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got := codec.AppendRetired([]byte("before"), 3, successor)
	if !bytes.Equal(got, append([]byte("before"), codec.AppendRetired(nil, 3, successor)...)) {
		t.Errorf("after other bytes, a marker is %q", got)
	}
}

func TestRetiredNamesItsSuccessor(t *testing.T) {
	for name, want := range map[string]session.ID{"successor": successor, "no successor": {}} {
		t.Run(name, func(t *testing.T) {
			data := codec.AppendRetired(nil, 3, want)
			rec, err := codec.DecodeRecord(data, visitID, codec.MessagePack[order]())
			if retired, ok := errors.AsType[*session.RetiredError](err); !ok || *retired != (session.RetiredError{ID: visitID, Successor: want}) {
				t.Errorf("got error %#v", err)
			}
			if !errors.Is(err, session.ErrGone) || rec != (session.Record[order]{}) {
				t.Errorf("got %+v and error %v, want ErrGone and no record", rec, err)
			}
			h, err := codec.ReadHeader(data[:codec.HeaderSize])
			if err != nil || !h.Retired || h.Revision != 3 {
				t.Errorf("the header is %+v, error %v", h, err)
			}
		})
	}
	if _, err := codec.DecodeRecord(codec.AppendRetired(nil, 7, successor), visitID, codec.JSON[[]string]()); !errors.Is(err, session.ErrGone) {
		t.Errorf("read as another type: got error %v, want ErrGone", err)
	}
}

// A damaged marker must not name another successor.
func TestRetiredDamage(t *testing.T) {
	data := codec.AppendRetired(nil, 9, successor)
	for n := range data {
		unreadable(t, "cut", data[:n])
		for bit := range 8 {
			flipped := bytes.Clone(data)
			flipped[n] ^= 1 << bit
			unreadable(t, "with a bit flipped", flipped)
		}
	}
	for _, extra := range []string{"\x00", "\xc0", string(data)} {
		unreadable(t, "with more after it", append(bytes.Clone(data), extra...))
	}
}

// A marker with the right checksum must have the form of a marker to the byte.
func TestRetiredWithARightChecksum(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"no successor":     func(d []byte) []byte { return d[:codec.HeaderSize] },
		"half a successor": func(d []byte) []byte { return d[:codec.HeaderSize+16] },
		"two successors":   func(d []byte) []byte { return append(d, d[codec.HeaderSize:]...) },
		"persistent":       func(d []byte) []byte { d[1] |= 1; return d },
		"expires":          func(d []byte) []byte { d[codec.ExpiresOffset]++; return d },
		"deadline":         func(d []byte) []byte { d[34]++; return d },
		"owner":            func(d []byte) []byte { d[47] = 1; return d },
		"no revision":      func(d []byte) []byte { clear(d[2:10]); return d },
	} {
		t.Run(name, func(t *testing.T) {
			unreadable(t, name, resealed[cart](change(codec.AppendRetired(nil, 9, successor))))
		})
	}
	t.Run("a record flagged as a marker", func(t *testing.T) {
		unreadable(t, "record", forged(func(d []byte) []byte { d[1] |= 2; return d }))
	})
}

// checkMarker checks that data is the marker to which a RetiredError was given.
func checkMarker(t *testing.T, data []byte, retired *session.RetiredError) {
	t.Helper()
	h, err := codec.ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	if again := codec.AppendRetired(nil, h.Revision, retired.Successor); !bytes.Equal(again, data) {
		t.Fatalf("read\n%x, wrote\n%x", data, again)
	}
}
