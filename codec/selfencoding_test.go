package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// account writes a field that its tags take out.
type account struct {
	Name   string
	Secret string `msgpack:"-" json:"-"`
}

type (
	accountByText account
	accountByBoth account
	accountByJSON account
	accountByData account
)

func write(a account) ([]byte, error) { return json.Marshal([]string{a.Name, a.Secret}) }
func read[T ~struct {
	Name   string
	Secret string `msgpack:"-" json:"-"`
}](a *T, data []byte) error {
	var parts [2]string
	err := json.Unmarshal(data, &parts)
	*a = T(account{parts[0], parts[1]})
	return err
}

func (a accountByText) MarshalText() ([]byte, error)       { return write(account(a)) }
func (a *accountByText) UnmarshalText(data []byte) error   { return read(a, data) }
func (a accountByBoth) MarshalJSON() ([]byte, error)       { return write(account(a)) }
func (a *accountByBoth) UnmarshalJSON(data []byte) error   { return read(a, data) }
func (a accountByBoth) MarshalBinary() ([]byte, error)     { return write(account(a)) }
func (a *accountByBoth) UnmarshalBinary(data []byte) error { return read(a, data) }
func (a accountByJSON) MarshalJSON() ([]byte, error)       { return write(account(a)) }
func (a *accountByJSON) UnmarshalJSON(data []byte) error   { return read(a, data) }
func (a accountByData) MarshalBinary() ([]byte, error)     { return write(account(a)) }
func (a *accountByData) UnmarshalBinary(data []byte) error { return read(a, data) }

// survives checks that a value which a session keeps comes back from a codec.
func survives[T any](t *testing.T, c codec.Codec[T], v T) {
	t.Helper()
	if err := c.(codec.Checker).Check(); err != nil {
		t.Error(err)
	}
	kept := v
	deep.Of[T]().Normalize(&kept)
	if diff := cmp.Diff(v, kept); diff != "" {
		t.Errorf("%T: the session loses (-want +got):\n%s", c, diff)
	}
	data, err := c.Append(nil, &kept)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := c.Decode(data, &got); err != nil || !cmp.Equal(v, got) {
		t.Errorf("%T: got %+v and error %v, want %+v", c, got, err, v)
	}
}

func TestTypesThatEncodeThemselvesKeepTaggedFields(t *testing.T) {
	survives(t, codec.MessagePack[accountByText](), accountByText{"ada", "secret"})
	survives(t, codec.JSON[accountByText](), accountByText{"ada", "secret"})
	survives(t, codec.MessagePack[[]accountByBoth](), []accountByBoth{{"ada", "secret"}})
	survives(t, codec.JSON[[]accountByBoth](), []accountByBoth{{"ada", "secret"}})
	survives(t, codec.JSON[accountByJSON](), accountByJSON{"ada", "secret"})
	survives(t, codec.MessagePack[accountByData](), accountByData{"ada", "secret"})
}

// A codec that does not ask the type to encode itself would lose the field.
func TestCheckOfTypesThatOnlyOthersEncode(t *testing.T) {
	checks[struct{ A accountByText }](t, "-", "-")
	checks[struct{ A accountByJSON }](t, "A.Secret", "-")
	checks[struct{ A accountByData }](t, "-", "A.Secret")
}

// span has an Equal that overlooks where it is.
type span struct {
	from, to time.Time
	place    string
}

func (s span) Equal(other span) bool                   { return s.to.Sub(s.from) == other.to.Sub(other.from) }
func (s *span) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeMulti(s.from, s.to, s.place) }
func (s *span) DecodeMsgpack(d *msgpack.Decoder) error {
	return d.DecodeMulti(&s.from, &s.to, &s.place)
}

// A value has changed if its encoding has, and only then.
func TestChangesOfTypesThatMsgpackEncodes(t *testing.T) {
	type trip struct{ When span }
	plan, at := deep.Of[trip](), time.Unix(1, 0)
	v := trip{span{at, at.Add(time.Hour), "Rome"}}
	for name, tt := range map[string]struct {
		v    trip
		same bool
	}{
		"another place": {trip{span{at, at.Add(time.Hour), "Oslo"}}, false},
		"another time":  {trip{span{at.Add(1), at.Add(time.Hour + 1), "Rome"}}, false},
		"another zone":  {trip{span{at.UTC(), at.Add(time.Hour).UTC(), "Rome"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plan.Equal(&v, &tt.v); got != tt.same {
				t.Errorf("equal is %v, want %v", got, tt.same)
			}
		})
	}
}

type (
	Tag     struct{ Text string }
	Reads   struct{ Text string }
	Writes  struct{ Text string }
	Counted struct {
		Tag
		Count int
	}
	Around struct{ Counted }
	Halves struct {
		Writes
		Reads
	}
	AroundHalves   struct{ Halves }
	OfPointer      struct{ *Tag }
	Alone          struct{ Tag }
	Generic[V any] struct {
		Tag
		Value V
	}
)

func (t Tag) MarshalText() ([]byte, error)        { return []byte(t.Text), nil }
func (t *Tag) UnmarshalText(text []byte) error    { t.Text = string(text); return nil }
func (w Writes) MarshalText() ([]byte, error)     { return []byte(w.Text), nil }
func (r *Reads) UnmarshalText(text []byte) error  { r.Text = string(text); return nil }
func (g Generic[V]) MarshalText() ([]byte, error) { return json.Marshal([]any{g.Text, g.Value}) }
func (g *Generic[V]) UnmarshalText(b []byte) error {
	return json.Unmarshal(b, &[]any{&g.Text, &g.Value})
}

// A type has the methods of what it embeds, at every depth.
func TestCheckOfEmbeddedTypesThatEncodeThemselves(t *testing.T) {
	checks[struct{ F Counted }](t, "F", "F")
	checks[struct{ F Around }](t, "F.Counted", "F.Counted")
	checks[struct{ F AroundHalves }](t, "F.Halves", "F.Halves")
	checks[struct{ F OfPointer }](t, "F", "F")
	checks[struct{ F *OfPointer }](t, "F", "F")
	checks[struct{ F Alone }](t, "-", "-")
	checks[struct{ F Generic[int] }](t, "-", "-")
	survives(t, codec.MessagePack[Generic[int]](), Generic[int]{Tag{"a"}, 7})
	survives(t, codec.JSON[Alone](), Alone{Tag{"a"}})
}

// Types that have no encoding for the number 5, or an unusual one.
type (
	noText    int
	nullJSON  int
	nilPack   int
	oddText   int
	lastDigit int
)

func number[V ~int](v V, five string) ([]byte, error) {
	if v == 5 {
		return []byte(five), nil
	}
	return fmt.Append(nil, int(v)), nil
}

func scan[V ~int](v *V, data []byte) error {
	n := 0
	_, err := fmt.Sscan(string(data), &n)
	*v = V(n)
	return err
}

func (n noText) MarshalText() ([]byte, error) {
	if n == 5 {
		return nil, nil
	}
	return number(n, "")
}
func (n *noText) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = 5
		return nil
	}
	return scan(n, text)
}
func (n nullJSON) MarshalJSON() ([]byte, error) { return number(n, "null") }
func (n *nullJSON) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	return scan(n, data)
}
func (n nilPack) EncodeMsgpack(e *msgpack.Encoder) error {
	if n == 5 {
		return e.EncodeNil()
	}
	return e.EncodeInt(int64(n))
}
func (n *nilPack) DecodeMsgpack(d *msgpack.Decoder) error {
	v, err := d.DecodeInt()
	*n = nilPack(v)
	return err
}
func (n oddText) MarshalText() ([]byte, error)     { return number(n, "five") }
func (n *oddText) UnmarshalText(text []byte) error { return scan(n, text) }
func (n lastDigit) MarshalText() ([]byte, error)   { return fmt.Append(nil, int(n)%10), nil }
func (n *lastDigit) UnmarshalText(b []byte) error  { return scan(n, b) }

// keeps checks that a value comes back from a codec, or is refused when it is encoded.
func keeps[T any](t *testing.T, c codec.Codec[T], v T, want bool) {
	t.Helper()
	if err := c.(codec.Checker).Check(); err != nil {
		t.Fatal(err)
	}
	data, err := c.Append(nil, &v)
	if (err == nil) != want {
		t.Errorf("%T: encoding %+v: got %q and error %v", c, v, data, err)
	}
	if err != nil {
		return
	}
	var got T
	if err := c.Decode(data, &got); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%T: %+v comes back from %q as %+v, %v", c, v, data, got, err)
	}
}

type of[V comparable] struct {
	V V
	L []V
	M map[V]string
}

func TestValuesThatDoNotComeBackAreRefused(t *testing.T) {
	keeps(t, codec.MessagePack[of[noText]](), of[noText]{V: 5}, false)
	keeps(t, codec.MessagePack[of[noText]](), of[noText]{L: []noText{6, 5}}, false)
	keeps(t, codec.MessagePack[of[noText]](), of[noText]{M: map[noText]string{5: "a"}}, false)
	keeps(t, codec.MessagePack[of[noText]](), of[noText]{V: 6, M: map[noText]string{6: "a"}}, true)
	keeps(t, codec.MessagePack[[]*noText](), []*noText{new(noText(5)), nil}, true)
	keeps(t, codec.JSON[of[noText]](), of[noText]{V: 5, L: []noText{5}, M: map[noText]string{5: "a"}}, true)
	keeps(t, codec.MessagePack[of[nilPack]](), of[nilPack]{L: []nilPack{5}}, false)
	keeps(t, codec.MessagePack[of[nilPack]](), of[nilPack]{L: []nilPack{6}}, true)
	keeps(t, codec.JSON[[]nullJSON](), []nullJSON{5}, false)
	keeps(t, codec.JSON[[]nullJSON](), []nullJSON{6}, true)
}

func TestKeysThatDoNotComeBackAreRefused(t *testing.T) {
	for _, c := range []codec.Codec[map[oddText]int]{codec.MessagePack[map[oddText]int](), codec.JSON[map[oddText]int]()} {
		keeps(t, c, map[oddText]int{5: 1}, false)
		keeps(t, c, map[oddText]int{6: 1, 7: 2}, true)
	}
	for _, c := range []codec.Codec[map[lastDigit]int]{codec.MessagePack[map[lastDigit]int](), codec.JSON[map[lastDigit]int]()} {
		keeps(t, c, map[lastDigit]int{7: 1, 17: 2}, false)
		keeps(t, c, map[lastDigit]int{17: 2}, false)
		keeps(t, c, map[lastDigit]int{7: 1, 8: 2}, true)
	}
	if _, ok := errors.AsType[*session.EncodeError](committed(t, map[oddText]int{5: 1})); !ok {
		t.Error("a session takes a key that is not read again")
	}
}

func committed[T any](t *testing.T, v T) error {
	s := session.New(memstore.New[T](nil), nil)
	s.Set(v)
	return s.Commit(t.Context())
}

// Addresses and prefixes that are not valid have no text of their own.
func TestInvalidAddresses(t *testing.T) {
	wrong := netip.PrefixFrom(netip.MustParseAddr("1.2.3.4"), 99)
	nowhere := netip.AddrPortFrom(netip.Addr{}, 80)
	keeps(t, codec.MessagePack[netip.Prefix](), wrong, true)
	keeps(t, codec.JSON[netip.Prefix](), wrong, false)
	keeps(t, codec.JSON[netip.Prefix](), netip.Prefix{}, true)
	keeps(t, codec.MessagePack[netip.AddrPort](), nowhere, true)
	keeps(t, codec.JSON[[]netip.AddrPort](), []netip.AddrPort{nowhere}, false)
	keeps(t, codec.JSON[map[netip.AddrPort]int](), map[netip.AddrPort]int{nowhere: 1}, false)
	keeps(t, codec.JSON[map[netip.AddrPort]int](), map[netip.AddrPort]int{netip.MustParseAddrPort("1.2.3.4:80"): 1, {}: 2}, true)
}
