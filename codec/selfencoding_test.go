package codec_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
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
