package deep_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
)

// Types that are met again while their own plan is made.
type (
	menu      struct{ Items []menuEntry }
	menuEntry struct {
		Title string
		Sub   menu
	}
	pairTree struct {
		Name string
		Kids [][2]pairTree
	}
	mapTree struct {
		Name string
		Kids map[string]mapEdge
	}
	mapEdge   struct{ To mapTree }
	sliceTree []sliceTree
	tableTree map[string]tableTree
)

func TestRecursiveTypesAreCopiedToTheBottom(t *testing.T) {
	m := menu{[]menuEntry{{"a", menu{[]menuEntry{{Title: "deep"}}}}}}
	deep.Of[menu]().Copy(&m).Items[0].Sub.Items[0].Title = "changed"
	if m.Items[0].Sub.Items[0].Title != "deep" {
		t.Error("a slice within shares memory")
	}
	p := pairTree{Kids: [][2]pairTree{{{Kids: [][2]pairTree{{{Name: "deep"}, {}}}}, {}}}}
	deep.Of[pairTree]().Copy(&p).Kids[0][0].Kids[0][0].Name = "changed"
	if p.Kids[0][0].Kids[0][0].Name != "deep" {
		t.Error("an array within shares memory")
	}
	k := mapTree{Kids: map[string]mapEdge{"a": {mapTree{Kids: map[string]mapEdge{"b": {}}}}}}
	deep.Of[mapTree]().Copy(&k).Kids["a"].To.Kids["c"] = mapEdge{}
	if len(k.Kids["a"].To.Kids) != 1 {
		t.Error("a map within shares memory")
	}
	s := sliceTree{{}, {{}}}
	(*deep.Of[sliceTree]().Copy(&s))[1][0] = sliceTree{{}}
	if len(s[1][0]) != 0 {
		t.Error("a slice of itself shares memory")
	}
	loop := sliceTree{nil}
	loop[0] = loop
	table := tableTree{}
	table["me"] = table
	if deep.Of[sliceTree]().Verify(&loop) == nil || deep.Of[tableTree]().Verify(&table) == nil {
		t.Error("a value that contains itself passes")
	}
}

// price cannot be marshaled while it is zero.
type price struct{ amount *big.Int }

func (p price) MarshalText() ([]byte, error) {
	if p.amount == nil {
		return nil, errors.New("no amount")
	}
	return p.amount.MarshalText()
}

func (p *price) UnmarshalText(text []byte) error {
	p.amount = new(big.Int)
	return p.amount.UnmarshalText(text)
}

func TestAValueItsMarshalerRefusesIsAnErrorAndNoPanic(t *testing.T) {
	type priced struct{ Price price }
	plan := deep.Of[priced]()
	if c := plan.Copy(new(priced)); c.Price.amount != nil {
		t.Error("the copy of nothing is something")
	}
	if err := plan.Verify(new(priced)); err == nil || !strings.Contains(err.Error(), "no amount") {
		t.Errorf("got %v", err)
	}
}

// document has its own marshaler and a field whose state cannot be seen.
type document struct{ Text *bytes.Buffer }

func (d document) MarshalText() ([]byte, error) {
	if d.Text == nil {
		return nil, nil
	}
	return bytes.Clone(d.Text.Bytes()), nil
}

func (d *document) UnmarshalText(text []byte) error {
	d.Text = bytes.NewBuffer(bytes.Clone(text))
	return nil
}

type stamped struct {
	time.Time
	Name string
}

func TestCheckOfTypesThatEncodeThemselves(t *testing.T) {
	d := document{bytes.NewBufferString("text")}
	if err := deep.Check[document](); err != nil {
		t.Fatal(err)
	}
	deep.Of[document]().Copy(&d).Text.Bytes()[0] = 'X'
	if d.Text.String() != "text" {
		t.Error("the copy shares hidden state")
	}
	if errs := deep.Check[stamped](); len(errs) != 1 || !strings.Contains(errs[0].Error(), "embeds") {
		t.Errorf("a struct of which only the embedded time would be stored: %v", errs)
	}
}

func TestFieldsThatAreNotStored(t *testing.T) {
	type skipping struct {
		N     int
		Tmp   map[string]int `msgpack:"-" json:"-"`
		Buf   bytes.Buffer   `json:"-"`
		cache []int          `json:"-"`
	}
	if errs := deep.Check[skipping](); errs != nil {
		t.Fatal(errs)
	}
	v := skipping{Tmp: map[string]int{"a": 1}, Buf: *bytes.NewBufferString("x"), cache: []int{1}}
	plan := deep.Of[skipping]()
	c := plan.Copy(&v)
	if v.Tmp["a"] != 1 || !plan.Equal(&v, c) {
		t.Error("a field that is not stored counts as a change")
	}
	plan.Normalize(c)
	if c.Tmp != nil || c.Buf.Len() != 0 || c.cache != nil {
		t.Errorf("stored would be %+v", c)
	}
}

func TestCheckOfMapKeys(t *testing.T) {
	type pointed struct{ P *int }
	type partly struct {
		A int
		B int `msgpack:"-"`
	}
	type keys struct {
		F map[float64]int
		G map[partly]int
		H map[url.URL]int
		I map[netip.Addr]int
		A map[time.Time]int
		B map[pointed]int
		C map[[2]any]int
		D map[key]int
		E map[[2]string]int
	}
	errs := deep.Check[keys]()
	if len(errs) != 6 {
		t.Errorf("%d errors, want those of F, G, H, A, B and C: %v", len(errs), errs)
	}
}

func TestSubtractTakesBytesAsAWhole(t *testing.T) {
	v, taken := json.RawMessage(`{"b":2}`), json.RawMessage(`{"a":1}`)
	deep.Of[json.RawMessage]().Subtract(&v, &taken)
	if string(v) != `{"b":2}` {
		t.Errorf("bytes that were replaced became %q", v)
	}
}

func TestZeroSizedParts(t *testing.T) {
	type nothing struct {
		E struct{}
		A [0]int
		S []struct{}
		M map[string]struct{}
		P *struct{}
		X [][0]string
		L struct{}
	}
	v := nothing{S: make([]struct{}, 5), M: map[string]struct{}{"a": {}}, P: &struct{}{}, X: make([][0]string, 2)}
	plan := deep.Of[nothing]()
	c := plan.Copy(&v)
	plan.Normalize(c)
	if !plan.Equal(&v, c) || len(c.S) != 5 || plan.Verify(&v) != nil {
		t.Error("lost")
	}
}

type decimal struct{ Digits, Scale int }

func (d decimal) IsZero() bool { return d.Digits == 0 }

type amount struct{ N int }

func (a *amount) IsZero() bool { return a.N < 10 }

// Values are brought into the form that codecs return. The two forms of a value
// count as equal.
func TestNormalize(t *testing.T) {
	type all struct {
		List  []int          `msgpack:",omitempty"`
		Map   map[string]int `json:",omitempty"`
		Empty []int
		Late  *time.Time `msgpack:",omitempty"`
		Dec   decimal    `json:",omitzero"`
		Amt   amount     `json:"a,omitzero"`
		Kept  decimal
		N     int `json:",omitempty"`
		Ptr   *[]int
		Twice **int
		Maps  []*map[string]int
		Raw   json.RawMessage
		Null  *json.RawMessage
		Dash  int `msgpack:"-,omitempty"`
		_     [0]func()
	}
	if errs := deep.Check[all](); errs != nil {
		t.Fatal(errs)
	}
	v := all{List: []int{}, Map: map[string]int{}, Empty: []int{}, Late: new(time.Time), Dec: decimal{0, 2}, Amt: amount{9},
		Kept: decimal{0, 2}, N: 1, Ptr: new([]int), Twice: new(*int), Maps: []*map[string]int{new(map[string]int), {}},
		Raw: json.RawMessage("{\"a\": [ 1 ]}"), Null: new(json.RawMessage(" null ")), Dash: 1}
	want := all{Empty: []int{}, Kept: decimal{0, 2}, N: 1, Maps: []*map[string]int{nil, {}}, Raw: json.RawMessage(`{"a":[1]}`)}
	plan := deep.Of[all]()
	if !plan.Equal(&v, &want) || plan.Changes(&v, &want) != nil {
		t.Errorf("%v is a change", plan.Changes(&v, &want))
	}
	if err := plan.Verify(&v); err != nil {
		t.Error(err)
	}
	plan.Normalize(&v)
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got  %+v\nwant %+v", v, want)
	}
	full := all{List: []int{1}, Map: map[string]int{"a": 1}, Late: new(time.Unix(1, 0).UTC()), Dec: decimal{1, 2}, Amt: amount{10},
		Ptr: &[]int{}, Twice: new(new(1)), Raw: json.RawMessage(`"x"`), Null: new(json.RawMessage(`0`))}
	kept := plan.Copy(&full)
	plan.Normalize(kept)
	if !reflect.DeepEqual(full, *kept) {
		t.Errorf("got  %+v\nwant %+v", *kept, full)
	}
	if got := plan.Changes(&want, &full); !slices.Equal(got, []string{"List", "Map", "Empty", "Late", "Dec.Digits", "Dec.Scale", "Amt.N", "Kept.Scale", "N", "Ptr", "Twice", "Maps", "Raw", "Null"}) {
		t.Errorf("changes %v", got)
	}
	one := *plan.Copy(&want)
	one.List, one.N = []int{}, 2
	if got := plan.Changes(&want, &one); !slices.Equal(got, []string{"N"}) {
		t.Errorf("beside what is omitted, changes %v", got)
	}
	type alone struct {
		List []int `msgpack:",omitempty"`
	}
	only := alone{[]int{}}
	if deep.Of[alone]().Normalize(&only); only.List != nil {
		t.Error("a field that is omitted stays empty if it is the only one")
	}
	kept.Raw[1], (*kept.Null)[0] = 'y', '1'
	if string(full.Raw) != `"x"` || string(*full.Null) != "0" {
		t.Error("a json.RawMessage shares memory")
	}
	if err := plan.Verify(&all{Raw: json.RawMessage("{")}); err == nil || !strings.Contains(err.Error(), "RawMessage") {
		t.Errorf("what is no JSON: %v", err)
	}
}

type wordSet []string

func (s wordSet) MarshalText() ([]byte, error) { return []byte("set:"), nil }
func (s *wordSet) UnmarshalText([]byte) error  { *s = wordSet{}; return nil }

// A pointer to a nil that has a form of its own is not nil.
func TestPointersToNilsThatEncodeThemselves(t *testing.T) {
	type holder struct{ P *wordSet }
	if deep.Of[holder]().Equal(&holder{}, &holder{P: new(wordSet)}) {
		t.Error("equal to nil")
	}
}
