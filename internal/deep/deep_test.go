package deep_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions/internal/deep"
)

type address struct {
	Street string
	City   string
}

type key struct {
	A int
	B string
}

// Base is embedded by value.
type Base struct{ Tags []string }

// shapes has every shape of field that can be stored.
type shapes struct {
	Base
	Bool    bool
	Int     int8
	Float   float64
	Text    string
	Bytes   []byte
	Strings []string
	Grid    [][]int
	Array   [2][]string
	Map     map[string][]int
	Keys    map[key]*address
	Nested  address
	Pointer *address
	Twice   **int
	Structs []address
	Raw     json.RawMessage
	Tree    *tree
}

type tree struct {
	Name string
	Kids []*tree
	By   map[string]*tree
}

type special struct {
	At    time.Time
	Addr  netip.Addr
	Big   big.Int
	BigP  *big.Int
	Times map[string]time.Time
	Own   cloned
	Any   any
	Func  func()         `msgpack:"-"`
	Cache map[string]int `msgpack:"-" json:"-"`
}

// cloned is plain data with a method Clone that loses it.
type cloned struct{ List []string }

func (c cloned) Clone() cloned { return cloned{} }

func TestCopyIsEqualAndSharesNothing(t *testing.T) {
	plan := deep.Of[shapes]()
	property := func(v shapes) bool {
		v.Raw = json.RawMessage(strconv.Quote(v.Nested.City[:0]))
		before := plan.Copy(&v)
		copied, value := plan.Copy(&v), plan.Value(&v)
		if !reflect.DeepEqual(v, *copied) || !reflect.DeepEqual(v, value) || !plan.Equal(&v, copied) || plan.Verify(&v) != nil {
			return false
		}
		scribble(reflect.ValueOf(copied).Elem())
		later := plan.Value(&v)
		scribble(reflect.ValueOf(&value).Elem())
		return reflect.DeepEqual(v, *before) && reflect.DeepEqual(later, *before)
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

// rememberer has a method that could keep the address of what it copies.
type rememberer struct{ list []string }

var remembered []*rememberer

func (r *rememberer) MarshalText() ([]byte, error) {
	remembered = append(remembered, r)
	return []byte(strings.Join(r.list, " ")), nil
}

func (r *rememberer) UnmarshalText(text []byte) error {
	r.list = strings.Fields(string(text))
	return nil
}

func TestMethodsOfATypeMayKeepAddresses(t *testing.T) {
	type holder struct{ In [1]struct{ R rememberer } }
	v, w := new(holder), new(holder)
	v.In[0].R.list, w.In[0].R.list = []string{"v"}, []string{"w"}
	plan := deep.Of[holder]()
	remembered = nil
	plan.Value(v)
	plan.Value(w)
	if len(remembered) != 2 || !slices.Equal(remembered[0].list, []string{"v"}) || !slices.Equal(remembered[1].list, []string{"w"}) {
		t.Errorf("the memory was used again: %v", remembered)
	}
}

// scribble overwrites everything that v leads to.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			scribble(field)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if e := v.MapIndex(k); e.Kind() == reflect.Pointer || e.Kind() == reflect.Slice {
				scribble(e)
			}
			v.SetMapIndex(k, reflect.Zero(v.Type().Elem()))
		}
	default:
		v.SetZero()
	}
}

func TestEqualAgreesWithReflect(t *testing.T) {
	plan := deep.Of[shapes]()
	if err := quick.Check(func(a, b shapes) bool {
		return plan.Equal(&a, &b) == reflect.DeepEqual(a, b) &&
			(len(plan.Changes(&a, &b)) == 0) == reflect.DeepEqual(a, b)
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestNilIsNotEmpty(t *testing.T) {
	plan := deep.Of[shapes]()
	empty := shapes{Bytes: []byte{}, Strings: []string{}, Grid: [][]int{}, Map: map[string][]int{}}
	if plan.Equal(&empty, &shapes{}) {
		t.Error("empty equals nil")
	}
	if diff := cmp.Diff(empty, *plan.Copy(&empty)); diff != "" {
		t.Error(diff)
	}
}

func TestSpecialTypes(t *testing.T) {
	plan := deep.Of[special]()
	at := time.Date(2026, 11, 22, 10, 0, 0, 5, time.FixedZone("X", 3600))
	v := special{At: at, Addr: netip.MustParseAddr("::1"), Big: *big.NewInt(1 << 40), BigP: big.NewInt(7),
		Own: cloned{[]string{"a"}}, Times: map[string]time.Time{"a": at}, Any: []any{at, &address{City: "Rome"}}, Cache: map[string]int{"x": 1}}

	c := plan.Copy(&v)
	if !plan.Equal(&v, c) {
		t.Error("the copy differs")
	}
	c.Big.Add(&c.Big, big.NewInt(1))
	c.BigP.SetInt64(8)
	c.Any.([]any)[1].(*address).City = "Oslo"
	if v.Big.Int64() != 1<<40 || v.BigP.Int64() != 7 || v.Any.([]any)[1].(*address).City != "Rome" {
		t.Error("the copy shares memory with its original")
	}
	if got, want := plan.Changes(&v, c), []string{"Big", "BigP", "Any"}; !reflect.DeepEqual(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	same := v
	same.At, same.Cache = at.UTC(), nil
	if !plan.Equal(&v, &same) {
		t.Error("an instant in another zone, or a field that is not stored, is a change")
	}
	c.At = time.Now()
	plan.Normalize(c)
	if c.At != c.At.Round(0) {
		t.Error("a monotonic reading stays")
	}
	if c.At.Location() != time.UTC || c.Times["a"].Location() != time.UTC || c.Any.([]any)[0].(time.Time).Location() != time.UTC {
		t.Error("times are not in UTC")
	}
	if c.Cache != nil {
		t.Error("a field that is not to be stored stays")
	}
	if v.At.Location() == time.UTC || v.Times["a"].Location() == time.UTC {
		t.Error("Normalize wrote to the original")
	}
}

func TestNaNIsNoChange(t *testing.T) {
	a, b := math.NaN(), math.NaN()
	if !deep.Of[float64]().Equal(&a, &b) {
		t.Error("NaN differs from itself")
	}
}

func TestChanges(t *testing.T) {
	type inner struct{ Deep struct{ X, Y int } }
	type root struct {
		Base
		A    int
		B    inner
		P    *inner
		M    map[string]int
		Same string
	}
	a := root{P: &inner{}}
	b := root{Base: Base{[]string{"t"}}, A: 1, P: &inner{}, M: map[string]int{}}
	b.B.Deep.Y, b.P.Deep.X = 2, 3
	want := []string{"Base.Tags", "A", "B.Deep.Y", "P.Deep.X", "M"}
	if got := deep.Of[root]().Changes(&a, &b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	m, n := map[string]int{}, map[string]int{"a": 1}
	if got := deep.Of[map[string]int]().Changes(&m, &n); !reflect.DeepEqual(got, []string{"."}) {
		t.Errorf("got %v", got)
	}
}

func TestVerifyRefusesCyclesAndDepth(t *testing.T) {
	plan := deep.Of[tree]()
	loop := tree{Name: "loop"}
	loop.Kids = []*tree{{}, &loop}
	if plan.Verify(&loop) == nil {
		t.Error("a cycle passes")
	}
	byMap := tree{By: map[string]*tree{}}
	byMap.By["me"] = &byMap
	if plan.Verify(&byMap) == nil {
		t.Error("a cycle through a map passes")
	}
	shared := &tree{} // two to the thirtieth leaves, thirty variables
	for range 30 {
		shared = &tree{Kids: []*tree{shared, shared}}
	}
	if plan.Verify(shared) == nil {
		t.Error("a value that would never be copied to its end passes")
	}
	chain := &tree{Kids: []*tree{}}
	for range 31 {
		chain = &tree{Kids: []*tree{chain}}
	}
	if err := plan.Verify(chain); err != nil {
		t.Errorf("64 levels: %v", err)
	}
	if plan.Verify(&tree{By: map[string]*tree{"a": chain}}) == nil {
		t.Error("66 levels pass")
	}
	if plan.Verify(&tree{Kids: []*tree{{Kids: []*tree{chain}}}}) == nil {
		t.Error("68 levels pass")
	}
	if deep.Of[[]tree]().Verify(&[]tree{*chain}) == nil {
		t.Error("65 levels pass")
	}
	type box struct{ V any }
	own := &box{}
	own.V = own
	if deep.Of[box]().Verify(own) == nil {
		t.Error("a cycle through an interface passes")
	}
}

// msgpackOnly has a pointer that a copy would share.
type msgpackOnly struct{ hidden *int }

func (*msgpackOnly) EncodeMsgpack(*msgpack.Encoder) error { return nil }
func (*msgpackOnly) DecodeMsgpack(*msgpack.Decoder) error { return nil }

type selfPointer *selfPointer

func TestCheck(t *testing.T) {
	type lower struct{ Exported int }
	type refused struct {
		C       chan int
		F       []func()
		I       map[string]any
		hidden  int
		Keys    map[*int]string
		N       struct{ Err error }
		Self    selfPointer
		Shares  msgpackOnly
		Z       []complex64
		Prec    *big.Float
		U       uintptr
		Skipped chan int `msgpack:"-"`
		Tagged  func()   `json:"-"`
	}
	type kept struct {
		shapes2 shapes `msgpack:"-" json:"-"`
		lower
		_   struct{}
		At  time.Time
		Big big.Int
		Ad  netip.Prefix
		T   tree
		S   shapes
	}
	var texts []string
	for _, err := range deep.Check[refused]() {
		texts = append(texts, err.Error())
	}
	for _, want := range []string{"refused.C: ", "refused.F[]: ", "refused.I[]: ", "refused.hidden: ", "refused.Keys: ",
		"refused.N.Err: ", "refused.Self: ", "refused.Shares: ", "refused.Prec: ", "refused.Z[]: ", "refused.U: "} {
		found := 0
		for _, text := range texts {
			if strings.HasPrefix(text, want) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%d errors begin with %q, want 1, in\n%s", found, want, strings.Join(texts, "\n"))
		}
	}
	if len(texts) != 11 {
		t.Errorf("%d errors, want 11:\n%s", len(texts), strings.Join(texts, "\n"))
	}
	if errs := deep.Check[kept](); errs != nil {
		t.Errorf("refused: %v", errs)
	}
	if deep.Check[any]() == nil || deep.Check[func()]() == nil {
		t.Error("an interface or a function as a whole passes")
	}
	_ = refused{hidden: 0}
	_ = kept{shapes2: shapes{}}
	_ = msgpackOnly{hidden: nil}
}

type cart struct {
	Customer string
	Items    []struct {
		SKU, Name string
		Quantity  int
		Cents     int64
	}
	Notices []string
}

func tenItems() *cart {
	c := &cart{Customer: "ada", Notices: []string{"hello"}}
	c.Items = make([]struct {
		SKU, Name string
		Quantity  int
		Cents     int64
	}, 10)
	for i := range c.Items {
		c.Items[i].SKU, c.Items[i].Name = "sku", strings.Repeat("n", i)
	}
	return c
}

func BenchmarkCopy(b *testing.B) {
	plan, c := deep.Of[cart](), tenItems()
	b.ReportAllocs()
	for b.Loop() {
		plan.Copy(c)
	}
}

func BenchmarkEqual(b *testing.B) {
	plan, c := deep.Of[cart](), tenItems()
	d := plan.Copy(c)
	b.ReportAllocs()
	for b.Loop() {
		plan.Equal(c, d)
	}
}

// selfEncoded encodes itself, and keeps a field that tags would drop.
type selfEncoded struct {
	Name string
	Note string `msgpack:"-" json:"-"`
	Old  string `msgpack:",omitempty" json:",omitempty"`
}

func (s selfEncoded) MarshalText() ([]byte, error) { return []byte(s.Name + "/" + s.Note), nil }

func (s *selfEncoded) UnmarshalText(text []byte) error {
	s.Name, s.Note, _ = strings.Cut(string(text), "/")
	return nil
}

func TestTagsOfATypeThatEncodesItself(t *testing.T) {
	type outer struct{ In selfEncoded }
	plan := deep.Of[outer]()
	a, b := outer{selfEncoded{Name: "a", Note: "kept"}}, outer{selfEncoded{Name: "a"}}
	if plan.Equal(&a, &b) {
		t.Error("a change of the tagged field is none")
	}
	if plan.Normalize(&a); a.In.Note != "kept" {
		t.Error("the tagged field is erased")
	}
}

// coarse is equal to every coarse value of the same parity, by its own account.
type coarse struct{ n int }

func (c coarse) Equal(d coarse) bool          { return c.n%2 == d.n%2 }
func (c coarse) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(c.n), 10), nil }
func (c *coarse) UnmarshalText(text []byte) (err error) {
	c.n, err = strconv.Atoi(string(text))
	return err
}

// A visible is a coarse whose fields codecs could see, and would bring into another
// form.
type visible struct {
	N  int
	At time.Time
}

func (c visible) Equal(d visible) bool         { return c.N%2 == d.N%2 }
func (c visible) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(c.N), 10), nil }
func (c *visible) UnmarshalText(text []byte) (err error) {
	c.N, err = strconv.Atoi(string(text))
	return err
}

func TestEqualOfATypeMustNotHideAChange(t *testing.T) {
	type outer struct {
		In    coarse
		Other visible
	}
	a := outer{coarse{1}, visible{N: 1}}
	for name, b := range map[string]outer{"hidden": {coarse{3}, visible{N: 1}}, "exported": {coarse{1}, visible{N: 3}}} {
		t.Run(name, func(t *testing.T) {
			if deep.Of[outer]().Equal(&a, &b) {
				t.Error("values that are stored differently are equal")
			}
		})
	}
}

// Subtract takes time in proportion to the lengths of both slices.
func TestSubtractLongSlices(t *testing.T) {
	type item struct {
		SKU   string
		Count int
	}
	const n = 200_000
	var taken, held []item
	for i := range n {
		taken = append(taken, item{strconv.Itoa(i), i})
		held = append(held, item{strconv.Itoa(n - i), n - i}) // in another order, one of them new
	}
	deep.Of[[]item]().Subtract(&held, &taken)
	if len(held) != 1 || held[0].Count != n {
		t.Errorf("%d are left", len(held))
	}
}
