package rules_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/rules"
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
)

func (byText) MarshalText() ([]byte, error)    { return nil, nil }
func (*byText) UnmarshalText([]byte) error     { return nil }
func (byJSON) MarshalJSON() ([]byte, error)    { return nil, nil }
func (*byJSON) UnmarshalJSON([]byte) error     { return nil }
func (*byMsgpack) EncodeMsgpack(any) error     { return nil }
func (*byMsgpack) DecodeMsgpack(any) error     { return nil }
func (writeOnly) MarshalText() ([]byte, error) { return nil, nil }

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

func TestKeeps(t *testing.T) {
	typ := reflect.TypeFor[fields]()
	for f := range typ.Fields() {
		t.Run(f.Name, func(t *testing.T) {
			if got, want := rules.Keeps(typ, f), !strings.HasPrefix(strings.ToUpper(f.Name), "D"); got != want {
				t.Errorf("kept is %v, want %v", got, want)
			}
		})
	}
	t.Run("of a type that encodes itself", func(t *testing.T) {
		type own struct {
			byText
			Secret string `msgpack:"-" json:"-"`
		}
		typ := reflect.TypeFor[own]()
		if f, _ := typ.FieldByName("Secret"); !rules.Keeps(typ, f) {
			t.Error("dropped")
		}
	})
}

func TestVisible(t *testing.T) {
	for name, want := range map[string]bool{"K1": true, "k2": false, "d9": false, "embedded": true} {
		t.Run(name, func(t *testing.T) {
			if f, _ := reflect.TypeFor[fields]().FieldByName(name); rules.Visible(f) != want {
				t.Errorf("visible is not %v", want)
			}
		})
	}
}

// A name of "-" with options skips the field for msgpack/v5 only.
func TestSkippedWithOptions(t *testing.T) {
	f := reflect.StructField{Name: "N", Tag: `msgpack:"-,omitempty" json:"-,omitempty"`}
	if !rules.Skipped(f, rules.MessagePack) || rules.Skipped(f, rules.JSON) {
		t.Errorf("skipped by msgpack/v5 is %v, by encoding/json %v", rules.Skipped(f, rules.MessagePack), rules.Skipped(f, rules.JSON))
	}
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
			f, _ := reflect.TypeFor[omitting]().FieldByName(name)
			if empty, zero := rules.Omits(f); [2]bool{empty, zero} != want {
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
		{reflect.TypeFor[byMsgpack](), true, false},
		{reflect.TypeFor[byJSON](), true, false},
		{reflect.TypeFor[byText](), true, true},
		{reflect.TypeFor[time.Time](), true, true},
		{reflect.TypeFor[struct {
			byJSON
			*byMsgpack
		}](), true, true},
	} {
		t.Run(fmt.Sprint(tt.typ), func(t *testing.T) {
			if some, always := rules.EncodesItself(tt.typ), rules.AlwaysEncodesItself(tt.typ); some != tt.some || always != tt.always {
				t.Errorf("for some codec %v, for every codec %v; want %v and %v", some, always, tt.some, tt.always)
			}
		})
	}
}

type ownMethod struct{ byText }

func (ownMethod) MarshalText() ([]byte, error) { return nil, nil }

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
			if got := rules.Promoted(tt.typ, tt.method); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
