package deep_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/internal/deep"
)

// account is a type that keeps fields which tags take out.
type account struct {
	Name   string
	Secret string            `msgpack:"-" json:"-"`
	Roles  []string          `msgpack:",omitempty" json:",omitempty"`
	ByJSON string            `json:"-"`
	cache  map[string]string `msgpack:"-" json:"-"`
}

type (
	byText   account
	byBinary account
	byJSON   account
)

func texts(a account) ([]byte, error) { return json.Marshal([]string{a.Name, a.Secret}) }
func untext[T ~struct {
	Name   string
	Secret string            `msgpack:"-" json:"-"`
	Roles  []string          `msgpack:",omitempty" json:",omitempty"`
	ByJSON string            `json:"-"`
	cache  map[string]string `msgpack:"-" json:"-"`
}](a *T, data []byte) error {
	var parts [2]string
	err := json.Unmarshal(data, &parts)
	*a = T(account{Name: parts[0], Secret: parts[1]})
	return err
}

func (a byText) MarshalText() ([]byte, error)         { return texts(account(a)) }
func (a *byText) UnmarshalText(text []byte) error     { return untext(a, text) }
func (a *byBinary) MarshalBinary() ([]byte, error)    { return texts(account(*a)) }
func (a *byBinary) UnmarshalBinary(data []byte) error { return untext(a, data) }
func (a byJSON) MarshalJSON() ([]byte, error)         { return texts(account(a)) }
func (a *byJSON) UnmarshalJSON(data []byte) error     { return untext(a, data) }

// keepsAll checks that a type which encodes itself keeps all its fields, and that a change
// of those that it writes is a change.
func keepsAll[T any](t *testing.T, full func(account) T, written ...string) {
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		if errs := deep.Check[T](); errs != nil {
			t.Fatal(errs)
		}
		all := account{"ada", "secret", []string{}, "json", map[string]string{"a": "1"}}
		type holder struct{ In []T }
		v, plan := holder{[]T{full(all)}}, deep.Of[holder]()
		kept := plan.Copy(&v)
		plan.Normalize(kept)
		if !reflect.DeepEqual(v, *kept) {
			t.Errorf("got %+v, want %+v", *kept, v)
		}
		one := deep.Of[T]()
		for path, change := range map[string]func(*account){
			"Name":   func(a *account) { a.Name = "bob" },
			"Secret": func(a *account) { a.Secret = "" },
			"ByJSON": func(a *account) { a.ByJSON = "" },
			"Roles":  func(a *account) { a.Roles = nil },
			"cache":  func(a *account) { a.cache = nil },
		} {
			other := all
			change(&other)
			a, b := full(all), full(other)
			var want []string
			if slices.Contains(written, path) {
				want = []string{path}
			}
			if got := one.Changes(&a, &b); !slices.Equal(got, want) {
				t.Errorf("after a change of %s: changes %v, want %v", path, got, want)
			}
		}
		a := full(all)
		b := one.Copy(&a)
		reflect.ValueOf(b).Elem().FieldByName("Roles").Set(reflect.ValueOf([]string{"x"}))
		if reflect.ValueOf(a).FieldByName("Roles").Len() != 0 {
			t.Error("the copy shares memory")
		}
	})
}

func TestTypesThatEncodeThemselvesKeepTaggedFields(t *testing.T) {
	keepsAll(t, func(a account) byText { return byText(a) }, "Name", "Secret")
	keepsAll(t, func(a account) byBinary { return byBinary(a) }, "Name", "Secret", "ByJSON", "Roles", "cache")
	keepsAll(t, func(a account) byJSON { return byJSON(a) }, "Name", "Secret", "ByJSON", "Roles", "cache")
}

// appointment writes its time in the zone that it has.
type appointment struct {
	At   time.Time
	Note string `msgpack:"-" json:"-"`
}

func (a appointment) MarshalText() ([]byte, error) { return a.At.AppendText([]byte(a.Note + " ")) }
func (a *appointment) UnmarshalText([]byte) error  { return nil }

func TestTypesThatEncodeThemselvesKeepZones(t *testing.T) {
	type diary struct{ Next appointment }
	plan, zone := deep.Of[diary](), time.FixedZone("far", 3600)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, zone)
	v := diary{appointment{At: at}}
	plan.Normalize(&v)
	if v.Next.At != at {
		t.Errorf("%v became %v", at, v.Next.At)
	}
	utc := diary{appointment{At: at.UTC()}}
	if got := plan.Changes(&v, &utc); len(got) != 1 || got[0] != "Next" {
		t.Errorf("another zone, which the encoding shows: changes %v", got)
	}
	now := time.Now()
	a, b := diary{appointment{At: now}}, diary{appointment{At: now.Round(0)}}
	if got := plan.Changes(&a, &b); got != nil {
		t.Errorf("a monotonic reading, which the encoding does not show: changes %v", got)
	}
}

// labelled has an Equal that overlooks the currency.
type labelled struct {
	cents    int
	currency string
	observed *int
}

func (p labelled) Equal(other labelled) bool { return p.cents == other.cents }
func (p labelled) MarshalText() ([]byte, error) {
	return []byte(strings.Repeat("c", p.cents) + p.currency), nil
}
func (p *labelled) UnmarshalText(text []byte) error {
	p.currency = strings.TrimLeft(string(text), "c")
	p.cents = len(text) - len(p.currency)
	return nil
}

// A change counts if the encoding shows it, whatever the type's Equal says.
func TestOwnEqualHidesNoChange(t *testing.T) {
	type item struct {
		Price labelled
		At    time.Time
	}
	plan := deep.Of[item]()
	for name, tt := range map[string]struct {
		a, b item
		same bool
	}{
		"itself":           {item{Price: labelled{1, "EUR", nil}}, item{Price: labelled{1, "EUR", nil}}, true},
		"another currency": {item{Price: labelled{1, "EUR", nil}}, item{Price: labelled{1, "USD", nil}}, false},
		"not encoded":      {item{Price: labelled{1, "EUR", nil}}, item{Price: labelled{1, "EUR", new(1)}}, true},
		"another zone":     {item{At: time.Unix(9, 0)}, item{At: time.Unix(9, 0).In(time.FixedZone("far", 60))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plan.Equal(&tt.a, &tt.b); got != tt.same {
				t.Errorf("equal is %v, want %v", got, tt.same)
			}
		})
	}
}

// page cannot encode its zero value.
type page struct{ text *bytes.Buffer }

func (p page) MarshalText() ([]byte, error) { return bytes.Clone(p.text.Bytes()), nil }

func (p *page) UnmarshalText(text []byte) error {
	p.text = bytes.NewBuffer(bytes.Clone(text))
	return nil
}

// A marshaler that panics is one that returns an error.
func TestMarshalersThatPanic(t *testing.T) {
	plan := deep.Of[page]()
	var none page
	some := page{bytes.NewBufferString("text")}
	if plan.Equal(&none, &some) || plan.Equal(&some, &none) {
		t.Error("something equals nothing")
	}
	if err := plan.Verify(&none); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("got error %v", err)
	}
	if errs := deep.Check[page](); len(errs) != 1 || !strings.Contains(errs[0].Error(), "use a pointer") {
		t.Errorf("a type whose zero value cannot be stored: %v", errs)
	}
	if errs := deep.Check[struct{ P *page }](); errs != nil {
		t.Errorf("a pointer to it: %v", errs)
	}
}

type child struct {
	Name   string
	Parent *child `msgpack:"-" json:"-"`
}

// A field that is not stored may lead to the value itself.
func TestFieldsThatAreNotStoredMayHoldCycles(t *testing.T) {
	v := child{Name: "ada"}
	v.Parent = &v
	plan := deep.Of[child]()
	if err := plan.Verify(&v); err != nil {
		t.Error(err)
	}
	if copied := plan.Copy(&v); copied.Name != "ada" || copied.Parent != &v || v.Parent != &v {
		t.Errorf("the copy is %+v", copied)
	}
	kept := plan.Copy(&v)
	if plan.Normalize(kept); kept.Parent != nil {
		t.Error("the field stays")
	}
	other := child{Name: "ada"}
	if !plan.Equal(&v, &other) || len(plan.Changes(&v, &other)) > 0 {
		t.Error("a field that is not stored is a change")
	}
}

// Types that only msgpack/v5 can encode are copied by their method Clone.
type (
	packed   struct{ words []string }
	sharing  struct{ words []string }
	shorting struct{ words []string }
)

func (packed) EncodeMsgpack(*msgpack.Encoder) error    { return nil }
func (*packed) DecodeMsgpack(*msgpack.Decoder) error   { return nil }
func (p packed) Clone() packed                         { return packed{slices.Clone(p.words)} }
func (sharing) EncodeMsgpack(*msgpack.Encoder) error   { return nil }
func (*sharing) DecodeMsgpack(*msgpack.Decoder) error  { return nil }
func (s sharing) Clone() sharing                       { return s }
func (shorting) EncodeMsgpack(*msgpack.Encoder) error  { return nil }
func (*shorting) DecodeMsgpack(*msgpack.Decoder) error { return nil }
func (s shorting) Clone() shorting                     { return shorting{slices.Clone(s.words[1:])} }

func TestClonesAreChecked(t *testing.T) {
	v := packed{[]string{"a"}}
	plan := deep.Of[packed]()
	if err := plan.Verify(&v); err != nil {
		t.Fatal(err)
	}
	if plan.Copy(&v).words[0] = "b"; v.words[0] != "a" {
		t.Error("the copy shares memory")
	}
	if err := deep.Of[sharing]().Verify(&sharing{[]string{"a"}}); err == nil || !strings.Contains(err.Error(), "shares memory") {
		t.Errorf("a clone that shares memory: %v", err)
	}
	if err := deep.Of[shorting]().Verify(&shorting{[]string{"a"}}); err == nil || !strings.Contains(err.Error(), "another value") {
		t.Errorf("a clone that is another value: %v", err)
	}
	if err := deep.Of[shorting]().Verify(&shorting{[]string{}}); err == nil || !strings.Contains(err.Error(), "panic in Clone") {
		t.Errorf("a clone that panics: %v", err)
	}
}

// anything writes JSON of its own, and holds a value of any type.
type anything struct{ V any }

func (a anything) MarshalJSON() ([]byte, error)  { return json.Marshal(a.V) }
func (a *anything) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &a.V) }

// opaque has state that cannot be copied part by part.
type opaque struct{ text []byte }

func (o *opaque) MarshalJSON() ([]byte, error) { return json.Marshal(string(o.text)) }

func TestCopiesOfInterfacesShareNothing(t *testing.T) {
	o := &opaque{[]byte("abc")}
	type holder struct{ A anything }
	v := holder{anything{o}}
	copied := deep.Of[holder]().Copy(&v)
	o.text[0] = 'x'
	if got, _ := json.Marshal(copied); string(got) != `{"A":"abc"}` {
		t.Errorf("the copy has changed: %s", got)
	}
}
