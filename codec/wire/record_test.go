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
	"github.com/seed48429006/sessions/codec/internal/forge"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	for name, change := range map[string]func(*session.Record[cart]){
		"all fields":            func(*session.Record[cart]) {},
		"zero":                  func(r *session.Record[cart]) { *r = session.Record[cart]{ID: r.ID, Revision: 1} },
		"no owner":              func(r *session.Record[cart]) { r.Owner = "" },
		"owner of one byte":     func(r *session.Record[cart]) { r.Owner = "\xff" },
		"longest owner":         func(r *session.Record[cart]) { r.Owner = strings.Repeat("ö", 65535/2) },
		"no secrets":            func(r *session.Record[cart]) { r.Secrets = session.Secrets{} },
		"five secrets":          func(r *session.Record[cart]) { r.Secrets = fiveSecrets(t) },
		"not logged in":         func(r *session.Record[cart]) { r.LoggedIn = time.Time{} },
		"not remembered":        func(r *session.Record[cart]) { r.Remembered = false },
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

// fiveSecrets returns the longest list of secrets.
func fiveSecrets(t *testing.T) session.Secrets {
	t.Helper()
	one, err := session.NewSecrets(session.NewToken(session.NewID())).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	five, err := session.ParseSecrets(append(one, bytes.Repeat(one[4:], 4)...))
	if err != nil {
		t.Fatal(err)
	}
	return five
}

// Other versions of this module must read the format too.
func TestRecordFormatIsFixed(t *testing.T) {
	rec := record()
	rec.Revision, rec.Owner = 0x1020304050607080, "ab"
	rec.Expires, rec.Created = time.UnixMilli(0x0102030405060708), time.UnixMilli(0x1112131415161718)
	rec.Renewed, rec.Deadline = time.UnixMilli(0x2122232425262728), time.UnixMilli(0x3132333435363738)
	rec.LoggedIn = time.UnixMilli(0x4142434445464748)
	secrets, err := rec.Secrets.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	data := appendRecord(t, rec)
	head := "\x01\x01" + "\x10\x20\x30\x40\x50\x60\x70\x80" +
		"\x01\x02\x03\x04\x05\x06\x07\x08" + "\x11\x12\x13\x14\x15\x16\x17\x18" +
		"\x21\x22\x23\x24\x25\x26\x27\x28" + "\x31\x32\x33\x34\x35\x36\x37\x38" +
		"\x41\x42\x43\x44\x45\x46\x47\x48"
	if got := string(data[:50]); got != head {
		t.Errorf("begins with %x, want %x", got, head)
	}
	if got, want := wire.AppendExpires(nil, rec.Expires), data[expiresOffset:][:8]; !bytes.Equal(got, want) {
		t.Errorf("expires: AppendExpires gives %x, the record has %x", got, want)
	}
	if got := string(data[54:60]); got != "\x00\x2d\x00\x02ab" {
		t.Errorf("the owner is stored as %q", got)
	}
	if got := data[60 : 60+45]; !bytes.Equal(got, secrets) {
		t.Errorf("the secrets are stored as %x, want %x", got, secrets)
	}
	value, err := codec.MessagePack[cart]().Append(nil, &rec.Value)
	if err != nil || !bytes.Equal(data[60+45:], value) {
		t.Errorf("the value is %x, want %x", data[60+45:], value)
	}
	if got := bytes.Clone(data[50:54]); !bytes.Equal(forge.Checksum[cart](data)[50:54], got) {
		t.Errorf("the checksum is %x, want %x", got, data[50:54])
	}
}

func TestReadHeader(t *testing.T) {
	rec := record()
	data := appendRecord(t, rec)
	h, err := wire.ReadHeader(data[:wire.HeaderSize])
	if err != nil || !h.Remembered || h.Revision != rec.Revision || h.Deadline != rec.Deadline || h.Expires != rec.Expires ||
		h.Created != rec.Created || h.Renewed != rec.Renewed || h.LoggedIn != rec.LoggedIn {
		t.Errorf("got %+v and error %v", h, err)
	}
	if _, err := wire.ReadHeader(data[:wire.HeaderSize-1]); err == nil {
		t.Error("a short header was read")
	}
	if owner, err := h.Owner(data[:h.Size()]); owner != rec.Owner || err != nil {
		t.Errorf("got owner %q and error %v", owner, err)
	}
	if secrets, err := h.Secrets(data[:h.Size()]); secrets != rec.Secrets || err != nil {
		t.Errorf("got secrets %v and error %v", secrets, err)
	}
	if owner, err := h.Owner(data[:h.Size()-1]); err == nil {
		t.Errorf("the owner %q was read without all that comes before the value", owner)
	}
	if secrets, err := h.Secrets(data[:h.Size()-1]); err == nil {
		t.Errorf("cut secrets were read as %v", secrets)
	}
}

func TestOutline(t *testing.T) {
	rec := record()
	data := appendRecord(t, rec)
	h, err := wire.ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	rec.Value = cart{}
	for name, head := range map[string][]byte{"head": data[:h.Size()], "more": data[:h.Size()+3], "all": data} {
		got, err := wire.Outline[cart](head, rec.ID)
		if diff := cmp.Diff(rec, got); diff != "" || err != nil {
			t.Errorf("%s: got error %v, record (-want +got):\n%s", name, err, diff)
		}
	}
	for n := range h.Size() {
		got, err := wire.Outline[cart](data[:n], rec.ID)
		if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != rec.ID || !got.ID.IsZero() {
			t.Errorf("%d bytes: got %+v and error %v", n, got, err)
		}
	}
}

// counting counts how often it decodes.
type counting struct {
	codec.Codec[cart]
	decoded *int
}

func (c counting) Decode(data []byte, v *cart) error {
	*c.decoded++
	return c.Codec.Decode(data, v)
}

func TestRefusedRecordsAreNotDecoded(t *testing.T) {
	rec, decoded := record(), 0
	c := counting{codec.MessagePack[cart](), &decoded}
	data := appendRecord(t, rec)
	for _, accepts := range []bool{false, true} {
		var seen []session.Secrets
		got, err := wire.OpenRecord(data, rec.ID, c, func(s session.Secrets) bool {
			seen = append(seen, s)
			return accepts
		})
		want := rec
		if !accepts {
			want.Value = cart{}
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("accepts is %v: got error %v, record (-want +got):\n%s", accepts, err, diff)
		}
		if len(seen) != 1 || seen[0] != rec.Secrets {
			t.Errorf("accepts is %v: it was asked about %v", accepts, seen)
		}
	}
	if decoded != 1 {
		t.Errorf("the value was decoded %d times, want only when it was accepted", decoded)
	}
	data[len(data)-1] ^= 1
	if _, err := wire.OpenRecord(data, rec.ID, c, func(session.Secrets) bool { return false }); err == nil {
		t.Error("the secrets of a corrupt record were believed")
	}
}

// unreadable checks that data gives a DecodeError and no part of a record.
func unreadable(t *testing.T, data []byte) {
	t.Helper()
	id := session.NewID()
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
		"later format":            func(d []byte) []byte { d[0] = 2; return d },
		"unknown flag":            func(d []byte) []byte { d[1] |= 2; return d },
		"no revision":             func(d []byte) []byte { clear(d[2:10]); return d },
		"owner far past the end":  func(d []byte) []byte { d[56], d[57] = 255, 255; return d },
		"owner one byte past it":  func(d []byte) []byte { d[57] = 200 - 58 - 45 + 1; return d[:200] },
		"owner one byte longer":   func(d []byte) []byte { d[56]++; return d },
		"owner one byte shorter":  func(d []byte) []byte { d[56]--; return d },
		"one secret too many":     func(d []byte) []byte { d[55] += 41; return d },
		"secrets one byte longer": func(d []byte) []byte { d[55]++; return d },
		"secrets of no kind":      func(d []byte) []byte { d[58+13+4] = 9; return d },
		"no value":                func(d []byte) []byte { return d[:58+13+45] },
		"nil value":               func(d []byte) []byte { return append(d[:58+13+45], 0xc0) },
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
	first, last := time.UnixMilli(math.MinInt64).UTC(), time.UnixMilli(math.MaxInt64).UTC()
	for name, tt := range map[string]struct{ deadline, want time.Time }{
		"long before":  {time.Unix(math.MinInt64/2, 0), first},
		"before":       {first.Add(-1), first},
		"first":        {first, first},
		"second":       {first.Add(time.Millisecond), first.Add(time.Millisecond)},
		"last but one": {last.Add(-time.Millisecond), last.Add(-time.Millisecond)},
		"last":         {last, last},
		"after":        {last.Add(time.Millisecond), last},
		"long after":   {time.Unix(math.MaxInt64/2, 0), last},
	} {
		t.Run(name, func(t *testing.T) {
			rec := record()
			rec.Deadline = tt.deadline
			got, err := wire.DecodeRecord(appendRecord(t, rec), rec.ID, codec.MessagePack[cart]())
			if err != nil || got.Deadline != tt.want {
				t.Errorf("got %v and error %v, want %v", got.Deadline, err, tt.want)
			}
		})
	}
}
