package wire_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/forge"
	"github.com/seed48429006/sessions/session"
)

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	for name, change := range map[string]func(*session.Record[cart]){
		"all fields":            func(*session.Record[cart]) {},
		"zero":                  func(r *session.Record[cart]) { *r = session.Record[cart]{ID: r.ID, Revision: 1} },
		"no owner":              func(r *session.Record[cart]) { r.Owner = "" },
		"owner of one byte":     func(r *session.Record[cart]) { r.Owner = "\xff" },
		"longest owner":         func(r *session.Record[cart]) { r.Owner = strings.Repeat("ö", 65535/2) },
		"not persistent":        func(r *session.Record[cart]) { r.Persist = false },
		"created before 1970":   func(r *session.Record[cart]) { r.Created = time.UnixMilli(-1).UTC() },
		"created in 1970":       func(r *session.Record[cart]) { r.Created = time.UnixMilli(0).UTC() },
		"deadline in the far":   func(r *session.Record[cart]) { r.Deadline = time.UnixMilli(math.MaxInt64 / 10 * 9).UTC() },
		"the greatest revision": func(r *session.Record[cart]) { r.Revision = math.MaxUint64 },
	} {
		for kind, c := range map[string]codec.Codec[cart]{"MessagePack": codec.MessagePack[cart](), "JSON": codec.JSON[cart]()} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				want := record()
				change(&want)
				before := want
				data, err := wire.AppendRecord([]byte("before"), &want, want.Revision, c)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, want); diff != "" {
					t.Errorf("AppendRecord changed the record:\n%s", diff)
				}
				encoded, ok := bytes.CutPrefix(data, []byte("before"))
				got, err := wire.DecodeRecord(encoded, want.ID, c)
				if err != nil || !ok {
					t.Fatalf("got error %v", err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got.Created != want.Created || got.Expires != want.Expires {
					t.Errorf("times are not in UTC: %v", got.Created)
				}
			})
		}
	}
}

// Other versions of this module must read the format too.
func TestRecordFormatIsFixed(t *testing.T) {
	rec := record()
	rec.Owner, rec.Expires, rec.Revision = "ab", time.UnixMilli(0x0102030405060708), 0x1020304050607080
	data := appendRecord(t, rec)
	head := "\x01\x01" + "\x10\x20\x30\x40\x50\x60\x70\x80" + "\x01\x02\x03\x04\x05\x06\x07\x08"
	if got := string(data[:18]); got != head {
		t.Errorf("begins with %x, want %x", got, head)
	}
	if got, want := wire.AppendExpires(nil, rec.Expires), data[expiresOffset:][:8]; !bytes.Equal(got, want) {
		t.Errorf("expires: AppendExpires gives %x, the record has %x", got, want)
	}
	if got := string(data[46:50]); got != "\x00\x02ab" {
		t.Errorf("the owner is stored as %q", got)
	}
	value, err := codec.MessagePack[cart]().Append(nil, &rec.Value)
	if err != nil || !bytes.Equal(data[50:], value) {
		t.Errorf("the value is %x, want %x", data[50:], value)
	}
	if got := bytes.Clone(data[42:46]); !bytes.Equal(forge.Checksum[cart](data)[42:46], got) {
		t.Errorf("the checksum is %x, want %x", got, data[42:46])
	}
}

func TestReadHeader(t *testing.T) {
	rec := record()
	data := appendRecord(t, rec)
	h, err := wire.ReadHeader(data[:wire.HeaderSize])
	if err != nil || h.Retired || !h.Persist || h.Revision != rec.Revision || h.Deadline != rec.Deadline || h.Expires != rec.Expires ||
		h.Created != rec.Created || h.Renewed != rec.Renewed {
		t.Errorf("got %+v and error %v", h, err)
	}
	if _, err := wire.ReadHeader(data[:wire.HeaderSize-1]); err == nil {
		t.Error("a short header was read")
	}
}

// unreadable checks that data gives a DecodeError and no part of a record.
func unreadable(t *testing.T, data []byte) {
	t.Helper()
	id := session.NewToken().ID()
	got, err := wire.DecodeRecord(data, id, codec.MessagePack[cart]())
	if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != id {
		t.Errorf("got %+v and error %v, want a DecodeError", got, err)
	}
	if diff := cmp.Diff(session.Record[cart]{}, got); diff != "" {
		t.Errorf("some of it was decoded:\n%s", diff)
	}
}

// damages checks that data is unreadable when it is cut, longer, or has a bit
// flipped at an offset that is covered.
func damages(t *testing.T, data []byte, covered func(offset int) bool) {
	t.Run("cut", func(t *testing.T) {
		for n := range data {
			unreadable(t, data[:n])
		}
	})
	t.Run("bit flipped", func(t *testing.T) {
		for n := range data {
			for bit := 0; covered(n) && bit < 8; bit++ {
				flipped := bytes.Clone(data)
				flipped[n] ^= 1 << bit
				unreadable(t, flipped)
			}
		}
	})
	t.Run("extended", func(t *testing.T) {
		for _, extra := range []string{"\x00", "\xc0", string(data)} {
			unreadable(t, append(bytes.Clone(data), extra...))
		}
	})
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	damages(t, appendRecord(t, record()), func(offset int) bool { return offset < expiresOffset || offset >= expiresOffset+8 })
}

func TestMalformedRecordsWithARightChecksumAreRefused(t *testing.T) {
	whole := appendRecord(t, record())
	if _, err := wire.DecodeRecord(forge.Checksum[cart](bytes.Clone(whole)), session.ID{}, codec.MessagePack[cart]()); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"later format":               func(d []byte) []byte { d[0] = 2; return d },
		"unknown flag":               func(d []byte) []byte { d[1] |= 4; return d },
		"flag of a retired record":   func(d []byte) []byte { d[1] |= 2; return d },
		"no revision":                func(d []byte) []byte { clear(d[2:10]); return d },
		"owner far past the end":     func(d []byte) []byte { d[46], d[47] = 255, 255; return d },
		"owner one byte past it":     func(d []byte) []byte { d[47] = 200 - 47; return d[:200] },
		"owner one byte longer":      func(d []byte) []byte { d[47]++; return d },
		"owner one byte shorter":     func(d []byte) []byte { d[47]--; return d },
		"no value":                   func(d []byte) []byte { return d[:48+13] },
		"nil value":                  func(d []byte) []byte { return append(d[:48+13], 0xc0) },
		"retired, with half an ID":   func(d []byte) []byte { d[1] = 2; return d[:wire.HeaderSize+16] },
		"retired, with all its rest": func(d []byte) []byte { d[1] = 2; return d },
	} {
		t.Run(name, func(t *testing.T) {
			unreadable(t, forge.Checksum[cart](change(bytes.Clone(whole))))
		})
	}
}

func TestAppendRecordErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*session.Record[cart])
		rev    session.Revision
	}{
		"no revision":    {func(*session.Record[cart]) {}, 0},
		"owner too long": {func(r *session.Record[cart]) { r.Owner = strings.Repeat("x", 65536) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := record()
			tt.change(&rec)
			data, err := wire.AppendRecord([]byte("kept"), &rec, tt.rev, codec.MessagePack[cart]())
			if e, ok := errors.AsType[*session.EncodeError](err); !ok || e.ID != rec.ID || string(data) != "kept" {
				t.Errorf("got %q and error %v, want an EncodeError", data, err)
			}
		})
	}
	t.Run("value refused", func(t *testing.T) {
		rec := session.Record[failing]{ID: session.ID{1}}
		_, err := wire.AppendRecord(nil, &rec, 1, codec.MessagePack[failing]())
		if e, ok := errors.AsType[*session.EncodeError](err); !ok || e.ID != rec.ID || !errors.Is(err, errFailing) {
			t.Errorf("got error %v, want an EncodeError that wraps the codec's", err)
		}
	})
}

func TestTimesBeyondTheRangeStayAtItsEnds(t *testing.T) {
	for name, deadline := range map[string]time.Time{"future": time.Unix(math.MaxInt64/2, 0), "past": time.Unix(math.MinInt64/2, 0)} {
		t.Run(name, func(t *testing.T) {
			rec := record()
			rec.Deadline = deadline
			got, err := wire.DecodeRecord(appendRecord(t, rec), rec.ID, codec.MessagePack[cart]())
			if err != nil || got.Deadline.After(start) != deadline.After(start) {
				t.Errorf("got %v and error %v", got.Deadline, err)
			}
		})
	}
}
