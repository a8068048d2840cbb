package typeinfo_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

type (
	embedded struct{ N int }
	hidden   struct{ n int }

	// loop holds a function, at the end of a way through itself.
	loop struct {
		Next []*loop
		Done func()
	}

	byText    struct{ Name string }
	byJSON    struct{ Name string }
	byMsgpack struct{ Name string }
	writeOnly struct{ Name string }
	mixed     struct{ Name string }
	lookalike struct{ Name string }
	ownMethod struct{ byText }
)

func (byText) MarshalText() ([]byte, error)             { return nil, nil }
func (*byText) UnmarshalText([]byte) error              { return nil }
func (byJSON) MarshalJSON() ([]byte, error)             { return nil, nil }
func (*byJSON) UnmarshalJSON([]byte) error              { return nil }
func (*byMsgpack) EncodeMsgpack(*msgpack.Encoder) error { return nil }
func (*byMsgpack) DecodeMsgpack(*msgpack.Decoder) error { return nil }
func (*lookalike) EncodeMsgpack(any) error              { return nil }
func (*lookalike) DecodeMsgpack(any) error              { return nil }
func (writeOnly) MarshalText() ([]byte, error)          { return nil, nil }
func (mixed) MarshalText() ([]byte, error)              { return nil, nil }
func (*mixed) UnmarshalBinary([]byte) error             { return nil }
func (*mixed) UnmarshalJSON([]byte) error               { return nil }
func (ownMethod) MarshalText() ([]byte, error)          { return nil, nil }

// fields has a field of each kind, named for the answer: K for one that sessions
// keep, D for one that they drop.
type fields struct {
	K1 int
	k2 int
	K3 int      `json:"-"` // MessagePack stores it
	K4 int      `msgpack:"n,omitempty"`
	K5 byText   `json:"-"`
	D1 int      `msgpack:"-"`
	D2 int      `msgpack:"-,omitempty"`
	D3 int      `msgpack:"-" json:"-"`
	D4 chan int `json:"-"`
	D5 []any    `json:"-"`
	D6 hidden   `json:"-"`
	D7 *loop    `json:"-"`
	D8 []*loop  `json:"-"`
	d9 int      `json:"-"`
	embedded
}

var _, _ = fields{k2: 0, d9: 0}, hidden{n: 0}

func field(t *testing.T, typ reflect.Type, name string) *typeinfo.Field {
	t.Helper()
	info := typeinfo.Of(typ)
	i := slices.IndexFunc(info.Fields, func(f typeinfo.Field) bool { return f.Name == name })
	return &info.Fields[i]
}

func TestStoredFields(t *testing.T) {
	typ := reflect.TypeFor[fields]()
	for f := range typ.Fields() {
		t.Run(f.Name, func(t *testing.T) {
			if got, want := field(t, typ, f.Name).Stored(), !strings.HasPrefix(strings.ToUpper(f.Name), "D"); got != want {
				t.Errorf("stored is %v, want %v", got, want)
			}
		})
	}
	t.Run("of a type that encodes itself", func(t *testing.T) {
		type own struct {
			byText
			Secret string `msgpack:"-" json:"-"`
		}
		if !field(t, reflect.TypeFor[own](), "Secret").Stored() {
			t.Error("dropped")
		}
	})
}

func TestOmits(t *testing.T) {
	type omitting struct {
		None    int `msgpack:"omitempty" json:"omitzero"` // names
		Msgpack int `msgpack:",omitempty"`
		Empty   int `json:"e,omitempty"`
		Zero    int `json:",string,omitzero"`
	}
	for name, want := range map[string][2]bool{"None": {}, "Msgpack": {true, true}, "Empty": {true, false}, "Zero": {false, true}} {
		t.Run(name, func(t *testing.T) {
			if empty, zero := field(t, reflect.TypeFor[omitting](), name).Omits(); [2]bool{empty, zero} != want {
				t.Errorf("got %v and %v, want %v", empty, zero, want)
			}
		})
	}
}

func TestEncodesItself(t *testing.T) {
	for _, tt := range []struct {
		typ          reflect.Type
		some, always bool
	}{
		{reflect.TypeFor[embedded](), false, false},
		{reflect.TypeFor[writeOnly](), false, false},
		{reflect.TypeFor[mixed](), false, false},
		{reflect.TypeFor[lookalike](), false, false},
		{reflect.TypeFor[byMsgpack](), true, false},
		{reflect.TypeFor[byJSON](), true, false},
		{reflect.TypeFor[byText](), true, true},
		{reflect.TypeFor[time.Time](), true, true},
		{reflect.TypeFor[*byText](), false, false},
		{reflect.TypeFor[struct {
			byJSON
			*byMsgpack
		}](), true, true},
	} {
		t.Run(fmt.Sprint(tt.typ), func(t *testing.T) {
			info := typeinfo.Of(tt.typ)
			if some, always := info.EncodesItself(), info.AlwaysEncodesItself(); some != tt.some || always != tt.always {
				t.Errorf("for some codec %v, for every codec %v; want %v and %v", some, always, tt.some, tt.always)
			}
		})
	}
}

func TestPromoted(t *testing.T) {
	for _, tt := range []struct {
		typ          reflect.Type
		method, want string
	}{
		{reflect.TypeFor[struct{ time.Time }](), "MarshalText", "Time"},
		{reflect.TypeFor[struct{ *time.Time }](), "MarshalText", "Time"},
		{reflect.TypeFor[struct{ byText }](), "UnmarshalText", "byText"},
		{reflect.TypeFor[struct{ *byMsgpack }](), "EncodeMsgpack", "byMsgpack"},
		{reflect.TypeFor[struct{ At time.Time }](), "MarshalText", ""},
		{reflect.TypeFor[byText](), "MarshalText", ""},
		{reflect.TypeFor[byText](), "UnmarshalText", ""},
		{reflect.TypeFor[ownMethod](), "MarshalText", ""},
		{reflect.TypeFor[ownMethod](), "UnmarshalText", "byText"},
	} {
		t.Run(fmt.Sprint(tt.typ, ".", tt.method), func(t *testing.T) {
			if got := typeinfo.Promoted(tt.typ, tt.method); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMembersHaveTheirPlaces(t *testing.T) {
	type Inner struct {
		A int `msgpack:"a" json:"b,omitempty"`
		B string
	}
	type outer struct {
		First byte
		Inner
		Other Inner `msgpack:",omitempty,alias:was"`
	}
	for codec, want := range map[typeinfo.Codec][]string{
		typeinfo.MessagePack: {"First First 0 false", "a Inner.A 8 false", "B Inner.B 16 false", "Other/was Other 32 true"},
		typeinfo.JSON:        {"First First 0 false", "b Inner.A 8 true", "B Inner.B 16 false", "Other Other 32 false"},
	} {
		t.Run(codec.String(), func(t *testing.T) {
			if reflect.TypeFor[int]().Size() != 8 {
				t.Skip("the offsets are those of 64 bits")
			}
			var got []string
			for _, m := range typeinfo.Of(reflect.TypeFor[outer]()).Members(codec).List {
				name := m.Name
				if m.Alias != "" {
					name += "/" + m.Alias
				}
				got = append(got, fmt.Sprint(name, " ", m.Path, " ", m.Offset, " ", m.Omit))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
