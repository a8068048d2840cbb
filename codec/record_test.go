package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func record() session.Record[cart] {
	return session.Record[cart]{
		ID:       session.NewToken().ID(),
		Revision: 0x1122334455667788,
		Owner:    "customer-4711",
		Created:  start,
		Renewed:  start.Add(time.Minute),
		Deadline: start.Add(24 * time.Hour),
		Expires:  start.Add(time.Hour),
		Persist:  true,
		Value:    tenItems(),
	}
}

func TestRecordRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*session.Record[cart]){
		"as it is":         func(*session.Record[cart]) {},
		"nothing set":      func(r *session.Record[cart]) { *r = session.Record[cart]{ID: r.ID, Revision: 1} },
		"no owner":         func(r *session.Record[cart]) { r.Owner = "" },
		"owner of a byte":  func(r *session.Record[cart]) { r.Owner = "\xff" },
		"longest owner":    func(r *session.Record[cart]) { r.Owner = strings.Repeat("ö", 65535/2) },
		"ends with window": func(r *session.Record[cart]) { r.Persist = false },
		"before 1970":      func(r *session.Record[cart]) { r.Created = time.UnixMilli(-1).UTC() },
		"1970":             func(r *session.Record[cart]) { r.Created = time.UnixMilli(0).UTC() },
		"far future":       func(r *session.Record[cart]) { r.Deadline = time.UnixMilli(math.MaxInt64 / 10 * 9).UTC() },
		"last revision":    func(r *session.Record[cart]) { r.Revision = math.MaxUint64 },
	} {
		for _, c := range []codec.Codec[cart]{codec.MessagePack[cart](), codec.JSON[cart]()} {
			want := record()
			change(&want)
			before := want
			data, err := codec.AppendRecord([]byte("before"), &want, want.Revision, c)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if diff := cmp.Diff(before, want); diff != "" {
				t.Errorf("%s: AppendRecord changed the record:\n%s", name, diff)
			}
			rest, _ := bytes.CutPrefix(data, []byte("before"))
			got, err := codec.DecodeRecord(rest, want.ID, c)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: comes back as something else (-want +got):\n%s", name, diff)
			}
			if got.Created != want.Created || got.Expires != want.Expires {
				t.Errorf("%s: times are not in UTC: %v", name, got.Created)
			}
		}
	}
}

// The format is fixed: other versions of this module read it too.
func TestRecordFormat(t *testing.T) {
	rec := record()
	rec.Owner, rec.Expires = "ab", time.UnixMilli(0x0102030405060708)
	data, err := codec.AppendRecord(nil, &rec, 0x1020304050607080, codec.MessagePack[cart]())
	if err != nil {
		t.Fatal(err)
	}
	head := "\x01\x01" + "\x10\x20\x30\x40\x50\x60\x70\x80" + "\x01\x02\x03\x04\x05\x06\x07\x08"
	if got := string(data[:18]); got != head {
		t.Errorf("begins with %x, want %x", got, head)
	}
	if got, want := codec.AppendExpires(nil, rec.Expires), data[codec.ExpiresOffset:][:8]; !bytes.Equal(got, want) {
		t.Errorf("expires: AppendExpires gives %x, the record has %x", got, want)
	}
	if got := string(data[46:50]); got != "\x00\x02ab" {
		t.Errorf("the owner is stored as %q", got)
	}
	payload, err := codec.MessagePack[cart]().Append(nil, &rec.Value)
	if err != nil || !bytes.Equal(data[50:], payload) {
		t.Errorf("the payload is %x, want %x", data[50:], payload)
	}
	if got := bytes.Clone(data[42:46]); !bytes.Equal(resealed[cart](data)[42:46], got) {
		t.Errorf("the checksum is %x, want %x", got, data[42:46])
	}
}

func TestReadHeader(t *testing.T) {
	rec := record()
	data, err := codec.AppendRecord(nil, &rec, 77, codec.MessagePack[cart]())
	if err != nil {
		t.Fatal(err)
	}
	h, err := codec.ReadHeader(data[:codec.HeaderSize])
	if err != nil || h.Retired || !h.Persist || h.Revision != 77 || h.Deadline != rec.Deadline || h.Expires != rec.Expires ||
		h.Created != rec.Created || h.Renewed != rec.Renewed {
		t.Errorf("got %+v and error %v", h, err)
	}
	if _, err := codec.ReadHeader(data[:codec.HeaderSize-1]); err == nil {
		t.Error("a short header was read")
	}
}

// unreadable checks that data gives a DecodeError and no part of a record.
func unreadable(t *testing.T, what string, data []byte) {
	t.Helper()
	id := session.NewToken().ID()
	got, err := codec.DecodeRecord(data, id, codec.MessagePack[cart]())
	if e, ok := errors.AsType[*session.DecodeError](err); !ok || e.ID != id {
		t.Errorf("%s: got %+v and error %v, want a DecodeError", what, got, err)
	}
	if diff := cmp.Diff(session.Record[cart]{}, got); diff != "" {
		t.Errorf("%s: some of it was decoded:\n%s", what, diff)
	}
}

func TestRecordDamage(t *testing.T) {
	rec := record()
	whole, err := codec.AppendRecord(nil, &rec, 9, codec.MessagePack[cart]())
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		unreadable(t, "cut", whole[:n])
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[n] ^= 1 << bit
			if n < codec.ExpiresOffset || n >= codec.ExpiresOffset+8 {
				unreadable(t, "with a bit flipped", flipped)
			}
		}
	}
	for _, extra := range []string{"\x00", "\xc0", string(whole)} {
		unreadable(t, "with more after it", append(bytes.Clone(whole), extra...))
	}
}

// forged returns a record whose checksum is right, whatever else is in it.
func forged(change func(data []byte) []byte) []byte {
	rec := record()
	data, _ := codec.AppendRecord(nil, &rec, 9, codec.MessagePack[cart]())
	return resealed[cart](change(data))
}

// resealed gives the record of a T the checksum that it should have.
func resealed[T any](data []byte) []byte {
	if len(data) < codec.HeaderSize {
		return data
	}
	covered := bytes.Join([][]byte{data[:10], data[18:42], data[46:]}, nil)
	if data[1]&2 == 0 {
		name := reflect.TypeFor[T]().PkgPath() + "." + reflect.TypeFor[T]().Name()
		if self, ok := any(new(T)).(interface{ SessionType() string }); ok {
			name = self.SessionType()
		}
		covered = append([]byte(name), covered...)
	}
	binary.BigEndian.PutUint32(data[42:], crc32.Checksum(covered, crc32.MakeTable(crc32.Castagnoli)))
	return data
}

func TestRecordWithARightChecksum(t *testing.T) {
	if _, err := codec.DecodeRecord(forged(func(d []byte) []byte { return d }), session.ID{}, codec.MessagePack[cart]()); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"later format":        func(d []byte) []byte { d[0] = 2; return d },
		"unknown flag":        func(d []byte) []byte { d[1] |= 4; return d },
		"no revision":         func(d []byte) []byte { clear(d[2:10]); return d },
		"owner past the end":  func(d []byte) []byte { d[46], d[47] = 255, 255; return d },
		"owner just past it":  func(d []byte) []byte { d[47] = 200 - 47; return d[:200] },
		"owner one too long":  func(d []byte) []byte { d[47]++; return d },
		"owner one too short": func(d []byte) []byte { d[47]--; return d },
		"no payload":          func(d []byte) []byte { return d[:48+13] },
		"nil payload":         func(d []byte) []byte { return append(d[:48+13], 0xc0) },
	} {
		unreadable(t, name, forged(change))
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
		rec := record()
		tt.change(&rec)
		data, err := codec.AppendRecord([]byte("kept"), &rec, tt.rev, codec.MessagePack[cart]())
		if e, ok := errors.AsType[*session.EncodeError](err); !ok || e.ID != rec.ID || string(data) != "kept" {
			t.Errorf("%s: got %q and error %v, want an EncodeError", name, data, err)
		}
	}
	rec := session.Record[failing]{ID: session.ID{1}}
	_, err := codec.AppendRecord(nil, &rec, 1, codec.MessagePack[failing]())
	if e, ok := errors.AsType[*session.EncodeError](err); !ok || e.ID != rec.ID || !errors.Is(err, errFailing) {
		t.Errorf("got error %v, want an EncodeError that wraps the codec's", err)
	}
}

func TestExpiresBeyondItsRange(t *testing.T) {
	for _, year := range []time.Time{time.Unix(math.MaxInt64/2, 0), time.Unix(math.MinInt64/2, 0)} {
		rec := record()
		rec.Deadline = year
		data, err := codec.AppendRecord(nil, &rec, 1, codec.MessagePack[cart]())
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.DecodeRecord(data, rec.ID, codec.MessagePack[cart]())
		if err != nil || got.Deadline.After(start) != year.After(start) {
			t.Errorf("got %v and error %v for %v", got.Deadline, err, year)
		}
	}
}
