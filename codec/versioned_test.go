package codec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/internal/forge"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// A visit as three versions of a program had it.
type (
	visit1 struct{ Name string }
	visit2 struct {
		First, Last string
		Pages       int
	}
	visit struct {
		First, Last string
		Pages       []string
		Since       time.Time
	}
)

const visitType = "visit"

func (visit1) SessionType() string { return visitType }
func (visit2) SessionType() string { return visitType }
func (visit) SessionType() string  { return visitType }

func visitFrom1(v visit1) (visit2, error) {
	first, last, ok := strings.Cut(v.Name, " ")
	if !ok {
		return visit2{}, fmt.Errorf("%q is no full name", v.Name)
	}
	return visit2{First: first, Last: last}, nil
}

func visitFrom2(v visit2) (visit, error) {
	return visit{First: v.First, Last: v.Last, Pages: make([]string, v.Pages)}, nil
}

func versioned[T any](tb testing.TB, version uint16, inner codec.Codec[T], upgrades ...codec.Upgrade[T]) codec.Codec[T] {
	tb.Helper()
	c, err := codec.Versioned(version, inner, upgrades...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// visits returns the codec of the third program, which reads what all before wrote.
func visits(tb testing.TB) codec.Codec[visit] {
	return versioned(tb, 3, codec.MessagePack[visit](),
		codec.From(0, codec.JSON[visit1](), func(v visit1) (visit, error) {
			two, err := visitFrom1(v)
			if err != nil {
				return visit{}, err
			}
			return visitFrom2(two)
		}),
		codec.From(2, codec.MessagePack[visit2](), visitFrom2),
	)
}

var visitID = session.ID{7}

// stored returns the record that a program with codec c wrote.
func stored[T any](tb testing.TB, c codec.Codec[T], v T) []byte {
	tb.Helper()
	data, err := wire.AppendRecord(nil, &session.Record[T]{ID: visitID, Owner: "anna", Value: v}, 1, c)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestVersionedUpgrades(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := visit{"Ada", "L", []string{"/"}, since}
	for name, tt := range map[string]struct {
		data []byte
		want visit
	}{
		"today's":           {stored(t, visits(t), now), now},
		"last one's":        {stored(t, versioned(t, 2, codec.MessagePack[visit2]()), visit2{"Ada", "L", 2}), visit{First: "Ada", Last: "L", Pages: []string{"", ""}}},
		"without a version": {stored(t, codec.JSON[visit1](), visit1{"Ada L"}), visit{First: "Ada", Last: "L", Pages: []string{}}},
	} {
		rec, err := wire.DecodeRecord(tt.data, visitID, visits(t))
		if diff := cmp.Diff(tt.want, rec.Value); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestVersionedRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"no upgrade":             {stored(t, versioned(t, 1, codec.MessagePack[visit2]()), visit2{}), "the value has version 1, and there is no upgrade"},
		"an upgrade's error":     {stored(t, codec.JSON[visit1](), visit1{"Ada"}), `upgrade from version 0: "Ada" is no full name`},
		"an upgrade's panic":     {stored(t, versioned(t, 2, codec.MessagePack[visit2]()), visit2{Pages: -1}), "upgrade from version 2: codec: panic"},
		"old value is corrupt":   {withPayload(t, "\xc1\x00\x02\x01"), "upgrade from version 2"},
		"today's is corrupt":     {withPayload(t, "\xc1\x00\x03\x01"), "cannot be read"},
		"version 0":              {withPayload(t, "\xc1\x00\x00\x80"), "its version is truncated or zero"},
		"version cut off":        {withPayload(t, "\xc1\x00"), "its version is truncated or zero"},
		"two versions":           {withPayload(t, "\xc1\x00\x03\xc1\x00\x00\x80"), "its version is truncated or zero"},
		"nothing":                {withPayload(t, ""), "upgrade from version 0"},
		"of another, no version": {withPayload(t, "\x80"), "upgrade from version 0"},
	} {
		rec, err := wire.DecodeRecord(tt.data, visitID, visits(t))
		if _, ok := errors.AsType[*session.DecodeError](err); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %+v and error %v, want a DecodeError that says %q", name, rec, err, tt.want)
		}
		if diff := cmp.Diff(session.Record[visit]{}, rec); diff != "" {
			t.Errorf("%s: some of it was decoded:\n%s", name, diff)
		}
	}
	first := versioned(t, 1, codec.JSON[visit]())
	if err := first.Decode([]byte(`{}`), new(visit)); err == nil || !strings.Contains(err.Error(), "has no version, and there is no upgrade") {
		t.Errorf("no upgrade from version 0: got error %v", err)
	}
}

// withPayload returns a visit's record with another value.
func withPayload(tb testing.TB, payload string) []byte {
	data := stored(tb, visits(tb), visit{})
	return forge.Checksum[visit](append(data[:wire.HeaderSize+len("anna")], payload...))
}

// A newer value gives a DecodeError that wraps ErrNewer. Its header can be read, so
// that a store can find and end the session.
func TestVersionedLeavesNewerValues(t *testing.T) {
	plain, two := codec.MessagePack[visit2](), versioned(t, 2, codec.MessagePack[visit2]())
	for name, tt := range map[string]struct {
		data []byte
		read codec.Codec[visit2]
	}{
		"a version later":              {stored(t, visits(t), visit{}), two},
		"the first version there is":   {stored(t, visits(t), visit{}), plain},
		"to JSON":                      {stored(t, visits(t), visit{}), codec.JSON[visit2]()},
		"sealed inside":                {stored(t, versioned(t, 3, sealed(t, codec.JSON[visit](), 1)), visit{}), two},
		"sealed around":                {stored(t, sealed(t, visits(t), 1), visit{}), sealed(t, two, 1)},
		"sealed around, without one":   {stored(t, sealed(t, visits(t), 1), visit{}), sealed(t, plain, 1)},
		"sealed inside, to one sealed": {stored(t, versioned(t, 1, sealed(t, codec.JSON[visit](), 1)), visit{}), sealed(t, plain, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := wire.DecodeRecord(tt.data, visitID, tt.read)
			unreadable, ok := errors.AsType[*session.DecodeError](err)
			if !ok || unreadable.ID != visitID || !errors.Is(err, session.ErrNewer) || rec != (session.Record[visit2]{}) {
				t.Errorf("got %+v and error %v, want a DecodeError that wraps ErrNewer", rec, err)
			}
			h, err := wire.ReadHeader(tt.data[:wire.HeaderSize])
			if err != nil || h.Revision != 1 {
				t.Errorf("the header is %+v, error %v", h, err)
			}
		})
	}
}

// The first deployments that use Versioned, and Sealed, log nobody out.
func TestVersionedComesLater(t *testing.T) {
	plain := codec.MessagePack[order]()
	clear := stored(t, plain, order{"anna"})
	first := versioned(t, 1, plain, codec.From(0, plain, codec.Same))
	hidden := versioned(t, 2, sealed(t, plain, 1), codec.From(1, plain, codec.Same), codec.From(0, plain, codec.Same))
	for name, tt := range map[string]struct {
		data []byte
		read codec.Codec[order]
	}{
		"versioned":                 {clear, first},
		"sealed":                    {clear, hidden},
		"versioned, then sealed":    {stored(t, first, order{"anna"}), hidden},
		"sealed, then versioned":    {stored(t, sealed(t, plain, 1), order{"anna"}), versioned(t, 1, plain, codec.From(0, sealed(t, plain, 1), codec.Same))},
		"sealed, and now no longer": {stored(t, hidden, order{"anna"}), versioned(t, 3, plain, codec.From(2, sealed(t, plain, 1), codec.Same))},
	} {
		rec, err := wire.DecodeRecord(tt.data, visitID, tt.read)
		if err != nil || rec.Value.Customer != "anna" {
			t.Errorf("%s: got %+v and error %v", name, rec, err)
		}
	}
}

func TestVersionedArguments(t *testing.T) {
	plain := codec.MessagePack[visit]()
	up := codec.From(1, plain, codec.Same)
	_, err := codec.Versioned(2, nil, up, codec.From(2, plain, codec.Same), codec.From(9, plain, codec.Same), up, codec.Upgrade[visit]{},
		codec.From[visit2, visit](1, nil, nil), codec.From(0, versioned(t, 1, plain), codec.Same))
	for _, want := range []string{
		"codec: Versioned: the inner codec is nil",
		"codec: Versioned: upgrade from version 2: it is not older than version 2",
		"codec: Versioned: upgrade from version 9: it is not older than version 2",
		"codec: Versioned: upgrade from version 1: there are two",
		"codec: Versioned: upgrade from version 0: it was not made by From",
		"codec: Versioned: upgrade from version 1: the inner codec is nil\nthe function is nil",
		"codec: Versioned: upgrade from version 0: the inner codec is Versioned itself",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := codec.Versioned(0, plain); err == nil || !strings.Contains(err.Error(), "the version is 0") {
		t.Errorf("version 0: got error %v", err)
	}
	if _, err := codec.Versioned(2, versioned(t, 1, plain)); err == nil || !strings.Contains(err.Error(), "Versioned itself") {
		t.Errorf("two versions: got error %v", err)
	}
	if c, err := codec.Versioned(65535, plain, codec.From(65534, plain, codec.Same)); err != nil {
		t.Errorf("the last version: got %v and error %v", c, err)
	}
}

// An upgrade may return what no codec would: in another zone, shared, without end.
func TestVersionedChecksUpgrades(t *testing.T) {
	loop := &node{Value: 1}
	loop.Next = loop
	loops := versioned(t, 1, codec.JSON[node](), codec.From(0, codec.JSON[int](), func(int) (node, error) { return *loop, nil }))
	if err := loops.Decode([]byte("1"), new(node)); err == nil || !strings.Contains(err.Error(), "contains itself") {
		t.Errorf("a value that contains itself: got error %v", err)
	}
	half := versioned(t, 1, codec.JSON[string](), codec.From(0, codec.JSON[int](), func(int) (string, error) { return "half", errFailing }))
	v := "before"
	if err := half.Decode([]byte("1"), &v); !errors.Is(err, errFailing) || v != "" {
		t.Errorf("after the upgrade's error %v the value is %q", err, v)
	}
	zone := time.FixedZone("far", 3600)
	shared := []time.Time{start.In(zone)}
	c := versioned(t, 1, codec.JSON[[]time.Time](), codec.From(0, codec.JSON[int](), func(int) ([]time.Time, error) { return shared, nil }))
	var got []time.Time
	if err := c.Decode([]byte("1"), &got); err != nil || got[0] != start {
		t.Errorf("got %v and error %v, want %v", got, err, start)
	}
	if shared[0].Location() != zone {
		t.Error("Decode wrote to what the upgrade shares")
	}
}

func TestVersionedPassesOn(t *testing.T) {
	data, err := versioned(t, 1, codec.MessagePack[failing]()).Append([]byte("kept"), &failing{})
	if !errors.Is(err, errFailing) || string(data) != "kept" {
		t.Errorf("got %q and error %v", data, err)
	}
	old := codec.From(1, codec.MessagePack[writesText](), func(writesText) (struct{ C chan int }, error) { panic("never") })
	err = versioned(t, 2, codec.MessagePack[struct{ C chan int }](), old).(codec.Checker).Check()
	if err == nil || !strings.Contains(err.Error(), ".C: a channel") || !strings.Contains(err.Error(), "codec: version 1: codec: MessagePack: writesText") {
		t.Errorf("Check says %v", err)
	}
}

func TestVersionedFormat(t *testing.T) {
	data, err := versioned(t, 0x102, codec.JSON[string]()).Append([]byte("before"), new("x"))
	if err != nil || !bytes.Equal(data, []byte("before\xc1\x01\x02\"x\"")) {
		t.Errorf("got %q and error %v", data, err)
	}
}

// A session that is newer than the program fails the request and stays.
func TestNewerSessionStays(t *testing.T) {
	ctx, client := context.Background(), redistest.New(t)
	token := session.NewToken(session.NewID())
	data, err := wire.AppendRecord(nil, &session.Record[visit]{ID: token.ID(), Secrets: session.NewSecrets(token), Deadline: time.Now().Add(time.Hour)}, 1, visits(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "visits:"+token.ID().String(), data, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	s, err := session.Load(ctx, redisStore(t, client, codec.MessagePack[visit2]()), nil, token, time.Time{})
	if s != nil || !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, session.ErrNewer) {
		t.Errorf("got %v and error %v, want ErrUnavailable around ErrNewer", s, err)
	}
	if _, err := session.Load(ctx, redisStore(t, client, visits(t)), nil, token, time.Time{}); err != nil {
		t.Errorf("who can read it gets error %v", err)
	}
}

func redisStore[T any](tb testing.TB, client *redis.Client, c codec.Codec[T]) *redisstore.Store[T] {
	tb.Helper()
	s, err := redisstore.New(client, "visits", c, &redisstore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
