package codec_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

type (
	writesText struct{}
	readsText  struct{}
	mixed      struct{}
	onlyBinary struct{ s string }
	onlyJSON   struct{ s string }
	onPointer  struct{}

	Named   struct{ Name string }
	private struct{ Name string }
	Other   struct{ Name string }
	secret  string

	Selfish struct {
		Name string
		*Selfish
	}
	selfish struct {
		Name string
		*selfish
	}
)

func (writesText) MarshalText() ([]byte, error)     { return nil, nil }
func (*readsText) UnmarshalText([]byte) error       { return nil }
func (mixed) MarshalText() ([]byte, error)          { return nil, nil }
func (*mixed) UnmarshalBinary([]byte) error         { return nil }
func (*mixed) UnmarshalJSON([]byte) error           { return nil }
func (o onlyBinary) MarshalBinary() ([]byte, error) { return []byte(o.s), nil }
func (*onlyBinary) UnmarshalBinary([]byte) error    { return nil }
func (o onlyJSON) MarshalJSON() ([]byte, error)     { return json.Marshal(o.s) }
func (*onlyJSON) UnmarshalJSON([]byte) error        { return nil }
func (*onPointer) MarshalText() ([]byte, error)     { return nil, nil }
func (*onPointer) UnmarshalText(text []byte) error  { return nil }

var _ = selfish{}.selfish

// problems returns the paths that c reports of T, "-" for none.
func problems[T any](c codec.Codec[T]) string {
	err := c.(codec.Checker).Check()
	if err == nil {
		return "-"
	}
	root := cmp.Or(reflect.TypeFor[T]().Name(), reflect.TypeFor[T]().String())
	var paths []string
	for line := range strings.Lines(err.Error()) {
		_, message, _ := strings.Cut(line, ": ")
		_, message, _ = strings.Cut(message, ": ")
		message = strings.TrimPrefix(message, root)
		path, _, _ := strings.Cut(message, ":")
		paths = append(paths, strings.TrimPrefix(path, "."))
	}
	return strings.Join(slices.Compact(paths), " ")
}

func checks[T any](t *testing.T, msgpack, json string) {
	t.Helper()
	if got := problems(codec.MessagePack[T]()); got != msgpack {
		t.Errorf("%v: MessagePack reports %s, want %s: %v", reflect.TypeFor[T](), got, msgpack, codec.MessagePack[T]().(codec.Checker).Check())
	}
	if got := problems(codec.JSON[T]()); got != json {
		t.Errorf("%v: JSON reports %s, want %s: %v", reflect.TypeFor[T](), got, json, codec.JSON[T]().(codec.Checker).Check())
	}
}

// named is an unexported struct, whose exported fields codecs see where it is embedded,
// under a name of its own too.
type named struct{ Name string }

func TestCheckAccepts(t *testing.T) {
	checks[cart](t, "-", "-")
	checks[wide](t, "-", "-")
	checks[int](t, "-", "-")
	checks[time.Time](t, "-", "-")
	checks[map[netip.Addr]netip.Prefix](t, "-", "-")
	checks[map[string]*onPointer](t, "-", "-")
	checks[[]onPointer](t, "-", "-")
	checks[struct{ Big *big.Int }](t, "-", "-")
	checks[struct{ time.Time }](t, "-", "-")
	checks[struct{ named }](t, "-", "-")
	checks[struct {
		named `json:"n"`
	}](t, "-", "-")
	checks[struct {
		Fine   int
		hidden string   `msgpack:"-"`
		unseen string   `json:"-"`
		Chan   chan int `msgpack:"-" json:"-"`
		_      [0]int
	}](t, "-", "-")
}

func TestCheckRefuses(t *testing.T) {
	checks[struct{ C chan int }](t, "C", "C")
	checks[struct{ F func() }](t, "F", "F")
	checks[struct{ Z map[string][]complex128 }](t, "Z[][]", "Z[][]")
	checks[struct{ U uintptr }](t, "U", "U")
	checks[struct{ hidden int }](t, "hidden", "hidden")
	checks[struct{ M sync.Mutex }](t, "M.mu", "M.mu")
	checks[struct{ T session.Token }](t, "T", "T")
	checks[struct{ T writesText }](t, "T", "T")
	checks[struct{ T []*readsText }](t, "T[]", "T[]")
	checks[struct{ T mixed }](t, "T", "T")
	checks[struct{ T onlyBinary }](t, "-", "T.s")
	checks[struct{ T url.URL }](t, "-", "T.User.username T.User.password T.User.passwordSet")
	checks[struct{ T onlyJSON }](t, "T.s", "-")
	checks[struct{ T map[string]onPointer }](t, "T[]", "T[]")
	checks[struct {
		T map[string]struct{ In [1]onPointer }
	}](t, "T[].In[]", "T[].In[]")
	checks[struct{ K map[struct{ A int }]int }](t, "-", "K")
	checks[struct{ K map[bool]int }](t, "-", "K")
	checks[struct{ K map[onPointer]int }](t, "K[key]", "K")
	checks[struct {
		C chan int `json:"-"`
	}](t, "C", "-")
	checks[struct {
		C chan int `msgpack:"-"`
	}](t, "-", "C")
}

// A codec must write what sessions keep, and nothing else.
func TestCheckOfTags(t *testing.T) {
	checks[struct {
		Hash string `json:"-"`
	}](t, "-", "Hash")
	checks[struct {
		Hash  string   `json:"-" msgpack:"-,omitempty"`
		Cache []string `msgpack:"-" json:"-"`
	}](t, "-", "-")
	checks[struct {
		Cache []string `msgpack:"-"`
		Named `msgpack:"-"`
		At    any `json:"-"`
	}](t, "At", "Cache Named")
	checks[struct {
		In struct {
			Cache []string `msgpack:"-"`
		}
	}](t, "-", "In.Cache")
	checks[struct{ N []json.Number }](t, "-", "N[]")
	checks[struct {
		N json.Number `json:"-" msgpack:"-"`
	}](t, "-", "-")
	checks[struct {
		Addr netip.Addr `msgpack:",omitempty"`
		Big  big.Int    `msgpack:",omitempty"`
		Fine *big.Int   `msgpack:",omitempty"`
		At   time.Time  `msgpack:",omitempty"`
		In   struct{}   `msgpack:",omitempty"`
	}](t, "Addr Big", "-")
}

// What Check refuses, the codec would lose.
func TestCheckOfOmitEmpty(t *testing.T) {
	type T struct {
		Big big.Int `msgpack:",omitempty"`
	}
	data, err := codec.MessagePack[T]().Append(nil, &T{*big.NewInt(5)})
	if err != nil || string(data) != "\x80" {
		t.Errorf("got %q and error %v: Check need not refuse it", data, err)
	}
}

func TestCheckStructs(t *testing.T) {
	checks[struct {
		_msgpack struct{} `msgpack:",as_array"`
		Name     string
	}](t, "_msgpack", "-")
	checks[struct {
		Name string `msgpack:",intern"`
	}](t, "Name", "-")
	checks[struct {
		A string `msgpack:"x"`
		B string `msgpack:"x"`
	}](t, "B", "-")
	checks[struct {
		Named
		Name string
	}](t, "Name", "Name")
	checks[struct { // msgpack does not inline what would collide
		Name string
		Named
	}](t, "-", "Named.Name")
	checks[struct {
		Named
		Other
	}](t, "-", "Other.Name")
	checks[struct {
		Name  string
		Named `msgpack:",inline"`
	}](t, "Named.Name", "Named.Name")
	checks[struct{ private }](t, "-", "-")
	checks[struct{ *Named }](t, "Named", "-")
	checks[struct {
		*Named `msgpack:",noinline"`
	}](t, "-", "-")
	checks[struct{ *private }](t, "private", "private")
	checks[struct{ secret }](t, "secret", "secret")
	checks[selfish](t, "selfish", "selfish")
	checks[Selfish](t, "Selfish", "Selfish")
	checks[struct {
		time.Time
		Name string
	}](t, "", "")
	checks[struct {
		time.Time
		Name string `msgpack:"-"`
	}](t, "", "")
}

// Everything that Check accepts can indeed be kept, and what it refuses for its
// shape is indeed lost.
func TestCheckAgreesWithTheCodec(t *testing.T) {
	type shadowed struct {
		Name string
		Named
	}
	in := shadowed{"outer", Named{"inner"}}
	var out shadowed
	data, err := codec.MessagePack[shadowed]().Append(nil, &in)
	if err != nil {
		t.Fatal(err)
	}
	if err := codec.MessagePack[shadowed]().Decode(data, &out); err != nil || out != in {
		t.Errorf("got %+v and error %v, want %+v", out, err, in)
	}
	data, err = codec.JSON[shadowed]().Append(nil, &in)
	if err != nil {
		t.Fatal(err)
	}
	if err := codec.JSON[shadowed]().Decode(data, &out); err != nil || out == in {
		t.Errorf("JSON keeps %+v, error %v: Check need not refuse it", out, err)
	}
}

type misnamed struct {
	A int `msgpack:"b"`
	B int `msgpack:"b"`
	C chan int
}

func TestCheckSaysWhatToDo(t *testing.T) {
	const want = "codec: MessagePack: misnamed.B: is stored under the name \"b\", and so is A; rename one\n" +
		"codec: MessagePack: misnamed.C: a channel cannot be stored; remove it, or tag it `msgpack:\"-\" json:\"-\"`"
	if err := codec.MessagePack[misnamed]().(codec.Checker).Check(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

type (
	Innermost    struct{ N int }
	Outer        struct{ *Innermost }
	OuterAndMore struct {
		*Innermost
		M int
	}
)

// An embedded pointer that is nil takes all its fields with it.
func TestCheckOfEmbeddedPointers(t *testing.T) {
	checks[struct{ *Outer }](t, "Outer", "Outer")
	checks[struct{ *OuterAndMore }](t, "OuterAndMore", "-")
	checks[struct{ *Ranked }](t, "Ranked", "-")
	checks[struct{ P *Ranked }](t, "-", "-")
	checks[struct{ Ranked }](t, "Ranked.Rank", "Ranked.Rank")
	keeps(t, codec.JSON[struct{ *OuterAndMore }](), struct{ *OuterAndMore }{&OuterAndMore{}}, true)
	keeps(t, codec.JSON[struct{ *Ranked }](), struct{ *Ranked }{&Ranked{Rank: 1}}, true)
	keeps(t, codec.MessagePack[struct{ P *Ranked }](), struct{ P *Ranked }{&Ranked{Rank: 1}}, true)
}

// Ranked has a number that cannot be zero.
type Ranked struct{ Rank rank }

type rank int

func (r rank) MarshalText() ([]byte, error) {
	if r == 0 {
		return nil, errors.New("no rank")
	}
	return number(r, "5")
}
func (r *rank) UnmarshalText(text []byte) error { return scan(r, text) }

type (
	fragile      struct{ To *int }
	holdsFragile struct {
		F fragile `msgpack:",omitempty" json:",omitzero"`
	}
)

func (f fragile) IsZero() bool { return *f.To == 0 }

// A method that panics is an error of Check and of a commit, and loses no value.
func TestIsZeroThatPanics(t *testing.T) {
	checks[holdsFragile](t, "-", "F")
	keeps(t, codec.MessagePack[holdsFragile](), holdsFragile{}, true)
	keeps(t, codec.MessagePack[holdsFragile](), holdsFragile{fragile{new(7)}}, true)
	if err := committed(t, holdsFragile{}); err != nil {
		t.Error(err)
	}
}

type crossed struct{ Name string }

func (c crossed) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(c.Name) }
func (c *crossed) UnmarshalMsgpack(data []byte) error    { return msgpack.Unmarshal(data, &c.Name) }

func TestCheckOfMethodsOfTwoPairs(t *testing.T) {
	err := codec.MessagePack[struct{ C crossed }]().(codec.Checker).Check()
	if err == nil || !strings.Contains(err.Error(), "is encoded by EncodeMsgpack but decoded by UnmarshalMsgpack") {
		t.Errorf("got %v", err)
	}
}

type (
	shown struct { // never empty for msgpack/v5, since it has a field
		Name string
	}
	mayOmitShown struct {
		S shown `msgpack:",omitempty"`
	}
	veiled struct{ name string }
	slight struct {
		Name string `msgpack:",omitempty"`
		more string
	}
)

func (s shown) MarshalText() ([]byte, error)      { return []byte(s.Name), nil }
func (s *shown) UnmarshalText(text []byte) error  { s.Name = string(text); return nil }
func (v veiled) MarshalText() ([]byte, error)     { return []byte(v.name), nil }
func (v *veiled) UnmarshalText(text []byte) error { v.name = string(text); return nil }
func (s slight) MarshalText() ([]byte, error)     { return []byte(s.Name + "," + s.more), nil }
func (s *slight) UnmarshalText(text []byte) error {
	s.Name, s.more, _ = strings.Cut(string(text), ",")
	return nil
}

func TestCheckOfOmitEmptyOfTypesThatEncodeThemselves(t *testing.T) {
	checks[mayOmitShown](t, "-", "-")
	for _, v := range []mayOmitShown{{}, {shown{"a"}}} {
		keeps(t, codec.MessagePack[mayOmitShown](), v, true)
		keeps(t, codec.JSON[mayOmitShown](), v, true)
	}
	checks[struct {
		V veiled `msgpack:",omitempty"`
	}](t, "V", "-")
	checks[struct {
		S slight `msgpack:",omitempty"`
	}](t, "S", "-")
}

// maybe is a number that may be absent. It encodes itself as nothing then.
type maybe struct {
	N     byte
	Valid bool
}

func (m maybe) MarshalBinary() ([]byte, error) {
	if !m.Valid {
		return nil, nil
	}
	return []byte{m.N}, nil
}
func (m *maybe) UnmarshalBinary(data []byte) error {
	*m = maybe{}
	if len(data) == 1 {
		*m = maybe{data[0], true}
	}
	return nil
}

type (
	date  struct{ Year, Day int }
	dated struct {
		P *maybe
		D date `msgpack:",omitempty"`
	}
)

func (d date) IsZero() bool { return d == date{} }

// A field that may be omitted changes nothing about the fields beside it.
func TestPointersBesideFieldsThatMayBeOmitted(t *testing.T) {
	for _, v := range []dated{{}, {P: &maybe{}}, {P: &maybe{1, true}, D: date{1, 2}}} {
		keeps(t, codec.MessagePack[dated](), v, true)
	}
}
