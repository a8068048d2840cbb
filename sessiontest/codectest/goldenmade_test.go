package codectest_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
)

// of is the same type to a store, whatever it has.
type of[T any] struct{ V T }

func (of[T]) SessionType() string { return "of" }

// notices checks that Golden notices when a Before becomes an After, although the
// program's only sample is the zero value.
func notices[Before, After any](t *testing.T, what string, want ...string) {
	t.Helper()
	for name, codecs := range map[string]struct {
		before codec.Codec[of[Before]]
		after  codec.Codec[of[After]]
	}{
		"MessagePack": {codec.MessagePack[of[Before]](), codec.MessagePack[of[After]]()},
		"JSON":        {codec.JSON[of[Before]](), codec.JSON[of[After]]()},
	} {
		t.Run(what+" in "+name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			complains(t, golden(t, true, codecs.before, of[Before]{}))
			complains(t, golden(t, false, codecs.before, of[Before]{}))
			complains(t, golden(t, false, codecs.after, of[After]{}), want...)
		})
	}
}

func TestGoldenNoticesNarrowerNumbers(t *testing.T) {
	const unreadable = "sessions that were stored like this cannot be read any more"
	notices[struct{ N int64 }, struct{ N int32 }](t, "int64 to int32", "made-high.1.record: "+unreadable, "made-low.1.record: "+unreadable)
	notices[struct{ N []int16 }, struct{ N []int8 }](t, "int16 to int8", "made-high.1.record: "+unreadable, "made-low.1.record: "+unreadable)
	notices[struct{ N map[string]int64 }, struct{ N map[string]uint64 }](t, "int64 to uint64", "made-low.1.record: "+unreadable)
	notices[struct{ N *uint64 }, struct{ N *int64 }](t, "uint64 to int64", "made-high.1.record: "+unreadable)
	notices[struct{ N uint8 }, struct{ N int8 }](t, "uint8 to int8", "made-high.1.record: "+unreadable)
	notices[struct{ N time.Duration }, struct{ N uint32 }](t, "a type of its own", "made-high.1.record: "+unreadable)
	notices[struct{ F float64 }, struct{ F float32 }](t, "float64 to float32", "made-high.1")
}

func TestGoldenNoticesExchangedFields(t *testing.T) {
	notices[
		struct{ Admin, Locked bool },
		struct {
			Admin  bool `msgpack:"Locked" json:"Locked"`
			Locked bool `msgpack:"Admin" json:"Admin"`
		},
	](t, "bools", "made-true-V-Admin.1.txt: sessions that were stored like this are not read as what they were", "made-true-V-Locked.1.txt")
	notices[
		struct{ User, Actor string },
		struct {
			User  string `msgpack:"Actor" json:"Actor"`
			Actor string `msgpack:"User" json:"User"`
		},
	](t, "strings", "made-high.1.txt: sessions that were stored like this are not read as what they were")
	notices[
		struct{ List []struct{ Count, Price int } },
		struct {
			List []struct {
				Count int `msgpack:"Price" json:"Price"`
				Price int `msgpack:"Count" json:"Count"`
			}
		},
	](t, "numbers", "made-high.1.txt", "made-low.1.txt")
	notices[
		struct{ From, To time.Time },
		struct {
			From time.Time `msgpack:"To" json:"To"`
			To   time.Time `msgpack:"From" json:"From"`
		},
	](t, "times", "made-high.1.txt")
}

// Golden takes values of types that encode themselves from the samples, and
// complains if the samples have none.
func TestGoldenWantsWhatItCannotMake(t *testing.T) {
	t.Chdir(t.TempDir())
	type shapes struct {
		Addr netip.Addr
		List []*big.Int
		Keys map[netip.Addr]string
		Text string
	}
	c := codec.MessagePack[shapes]()
	got := golden(t, false, c, shapes{})
	complains(t, got, "no sample sets Addr,", "no sample sets List[],")
	if strings.Contains(got, "sets Text") {
		t.Errorf("it says:\n%s", got)
	}
	one := netip.MustParseAddr("::1")
	complains(t, golden(t, true, c, shapes{Addr: one, List: []*big.Int{big.NewInt(7)}, Keys: map[netip.Addr]string{one: ""}}))
}

// Types that show themselves as other than they are.
type (
	password string
	rank     int
	masked   struct{ Text string }
)

func (password) String() string                     { return "[redacted]" }
func (r rank) String() string                       { return [...]string{"low", "high"}[r&1] }
func (masked) MarshalText() ([]byte, error)         { return []byte("***"), nil }
func (m *masked) UnmarshalText(text []byte) error   { m.Text = string(text); return nil }
func (m masked) MarshalBinary() ([]byte, error)     { return []byte(m.Text), nil }
func (m *masked) UnmarshalBinary(data []byte) error { m.Text = string(data); return nil }
func (m masked) MarshalJSON() ([]byte, error)       { return json.Marshal(m.Text) }
func (m *masked) UnmarshalJSON(data []byte) error   { return json.Unmarshal(data, &m.Text) }

type shy struct {
	A, B password
	R, S rank
	M, N masked
	Keys map[password]int
}

type shyExchanged struct {
	A    password `msgpack:"B"`
	B    password `msgpack:"A"`
	R    rank     `msgpack:"S"`
	S    rank     `msgpack:"R"`
	M    masked   `msgpack:"N"`
	N    masked   `msgpack:"M"`
	Keys map[password]int
}

func (shy) SessionType() string          { return "shy" }
func (shyExchanged) SessionType() string { return "shy" }

// What a method String or MarshalText hides is in the text all the same.
func TestGoldenSeesWhatTypesHide(t *testing.T) {
	t.Chdir(t.TempDir())
	keys := map[password]int{"k": 1, "l": 2}
	complains(t, golden(t, true, codec.MessagePack[shy](), shy{"a", "b", 1, 3, masked{"m"}, masked{"n"}, keys}))
	got := golden(t, false, codec.MessagePack[shyExchanged](), shyExchanged{"a", "b", 1, 3, masked{"m"}, masked{"n"}, keys})
	complains(t, got, "one.1.txt", "A and B would be exchanged", "R and S would be exchanged", "M and N would be exchanged")
}
