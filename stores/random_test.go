package stores_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A source makes random values. Two of one seed make the same ones, which share
// nothing.
type source struct{ *rand.Rand }

func seeded(n uint64) source { return source{rand.New(rand.NewPCG(n, 7))} }

func (s source) shapes() shapes {
	var v shapes
	s.fill(reflect.ValueOf(&v).Elem(), 0)
	v.Mark = 1
	return v
}

// special fills the types whose state is hidden, or may not be just anything.
func (s source) special(ptr any) bool {
	n := s.Int64N(1000)
	switch p := ptr.(type) {
	case *time.Time:
		if n > 100 {
			*p = time.Unix(n<<26-1<<30, n).In(time.FixedZone("z", int(n)*60))
		}
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
	case *netip.Prefix:
		*p = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 24)
	case *netip.AddrPort:
		*p = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n))
	case *net.IP:
		*p = net.IPv4(10, 0, byte(n>>8), byte(n))
	case *big.Int:
		p.Lsh(big.NewInt(n-500), uint(n))
	case *big.Rat:
		p.SetFrac64(n-500, 7)
	case *json.RawMessage:
		*p, _ = json.Marshal(map[string]int64{"n": n})
	case *byText:
		p.word = s.text()
	case *color:
		*p = color(n % 3)
	case *chan int:
	default:
		return false
	}
	return true
}

func (s source) text() string {
	text := make([]rune, s.IntN(4))
	for i := range text {
		text[i] = []rune("aé\x00<\u2028\ufffd😀\"\\")[s.IntN(9)]
	}
	return string(text)
}

func (s source) fill(v reflect.Value, depth int) {
	if v.CanSet() && s.special(v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for f, field := range v.Fields() {
			if (f.IsExported() || f.Anonymous) && f.Tag.Get("msgpack") != "-" && !strings.HasPrefix(f.Tag.Get("msgpack"), "-,") {
				s.fill(field, depth+1)
			}
			if strings.HasPrefix(f.Name, "Omit") && empty(field) {
				field.SetZero()
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			s.fill(v.Index(i), depth+1)
		}
	case reflect.Slice:
		if n := s.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n))
			for i := range s.cut(n-1, depth) {
				s.fill(v.Index(i), depth+1)
			}
		}
	case reflect.Map:
		if n := s.IntN(4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range s.cut(n-1, depth) {
				key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				s.fill(key, depth+1)
				s.fill(elem, depth+1)
				v.SetMapIndex(key, elem)
			}
		}
	case reflect.Pointer:
		if s.cut(s.IntN(3), depth) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			s.fill(v.Elem(), depth+1)
			if k := v.Type().Elem().Kind(); (k == reflect.Pointer || k == reflect.Slice || k == reflect.Map) && v.Elem().IsNil() {
				v.SetZero()
			}
		}
	case reflect.String:
		v.SetString(s.text())
	case reflect.Bool:
		v.SetBool(s.IntN(2) > 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(float32(s.NormFloat64())))
	default:
		if v.CanInt() {
			v.SetInt(int64(s.Uint64()) >> (64 - v.Type().Bits()) >> s.IntN(8))
		} else {
			v.SetUint(s.Uint64() >> (64 - v.Type().Bits()))
		}
	}
}

// empty reports whether a field that may be omitted is.
func empty(v reflect.Value) bool {
	if p, ok := v.Interface().(*time.Time); ok {
		return p != nil && p.IsZero()
	}
	return (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

// cut ends what would grow without end.
func (s source) cut(n, depth int) int {
	if depth > 6 {
		return 0
	}
	return n
}

// scribble writes to all memory that v leads to, but not to v itself.
func scribble(v reflect.Value) {
	if v.CanInterface() {
		switch p := v.Interface().(type) {
		case json.RawMessage: // which must stay JSON
			if len(p) > 5 {
				p[5] = '9'
			}
			return
		case big.Int:
			flip(&p)
			return
		case *big.Rat:
			if p != nil {
				flip(p.Num())
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			v.Elem().SetZero()
		}
	case reflect.Struct:
		for f, field := range v.Fields() {
			if f.IsExported() || f.Anonymous {
				scribble(field)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
			if v.Kind() == reflect.Slice {
				v.Index(i).SetZero()
			}
		}
		if v.Kind() == reflect.Slice && v.Cap() > v.Len() {
			v.Slice(0, v.Cap()).Index(v.Len()).SetZero()
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			scribble(v.MapIndex(key))
			v.SetMapIndex(key, reflect.Value{})
		}
		if !v.IsNil() {
			v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
		}
	}
}

// flip changes a number in place.
func flip(n *big.Int) {
	for i, word := range n.Bits() {
		n.Bits()[i] = ^word | 1
	}
}

// differences lists the fields in which a and b differ, as Session.Changes should.
func differences(path string, a, b reflect.Value) (paths []string) {
	if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() && open(a.Type().Elem()) {
		a, b = a.Elem(), b.Elem()
	}
	if !open(a.Type()) {
		if a.CanInterface() && !cmp.Equal(a.Interface(), b.Interface(), deeply...) {
			return []string{path}
		}
		return nil
	}
	for f, field := range a.Fields() {
		if tag := f.Tag.Get("msgpack"); !strings.HasPrefix(tag, "-") && (f.IsExported() || f.Anonymous) {
			paths = append(paths, differences(strings.TrimPrefix(path+"."+f.Name, "."), field, b.FieldByIndex(f.Index))...)
		}
	}
	return paths
}

// open reports whether t is a struct of which all can be seen.
func open(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if !f.IsExported() && !f.Anonymous && f.Tag.Get("json") != "-" && f.Name != "_" {
			return false
		}
	}
	return true
}

const seeds = 300

// saved returns a session that is in a store.
func saved(t *testing.T, store session.Store[shapes], v shapes) *session.Session[shapes] {
	t.Helper()
	s := session.New(store, nil)
	s.Set(v)
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRandomValuesOnEveryStore(t *testing.T) {
	onEveryKind(t, func(t *testing.T, k kind) {
		store := mustStore[shapes](t, k)
		for seed := range uint64(seeds / 5) {
			v := seeded(seed).shapes()
			keep(t, store, "random", v, v)
		}
	})
}

// Nothing that a caller has or had leads into the session, or out of its store.
func TestRandomValuesShareNothing(t *testing.T) {
	store := memstore.New[shapes](nil)
	for seed := range uint64(seeds) {
		given, want := seeded(seed).shapes(), seeded(seed).shapes()
		s := session.New[shapes](store, nil)
		s.Set(given)
		untouched := func(after string, s *session.Session[shapes]) {
			t.Helper()
			if diff := cmp.Diff(want, s.Value(), deeply...); diff != "" {
				t.Fatalf("seed %d, after %s (-want +got):\n%s", seed, after, diff)
			}
		}
		scribble(reflect.ValueOf(&given).Elem())
		untouched("a change of what was set", s)
		got := s.Value()
		scribble(reflect.ValueOf(&got).Elem())
		untouched("a change of a value", s)
		var inside, handed shapes
		handed = seeded(seed).shapes()
		s.Update(func(v *shapes) { inside = *v; *v = handed })
		scribble(reflect.ValueOf(&inside).Elem())
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		scribble(reflect.ValueOf(&handed).Elem())
		untouched("a change of what an edit had", s)
		token, _ := s.Token()
		loaded, err := session.Load(t.Context(), store, nil, token, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got = loaded.Value()
		scribble(reflect.ValueOf(&got).Elem())
		loaded.Update(func(v *shapes) { scribble(reflect.ValueOf(v).Elem()) })
		untouched("changes of what was loaded", s)
		loaded.Discard()
		untouched("a dropped change", loaded)
	}
}

// An edit that is taken back writes nothing, however it is taken back.
func TestRandomEditsTakenBackWriteNothing(t *testing.T) {
	store := memstore.New[shapes](nil)
	for seed := range uint64(seeds) {
		s := saved(t, store, seeded(seed).shapes())
		id := s.ID()
		before, err := store.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		s.Update(func(v *shapes) {
			v.Int++
			scribble(reflect.ValueOf(v).Elem())
		})
		if !s.Modified() {
			t.Fatalf("seed %d: the edit is no change", seed)
		}
		s.Update(func(v *shapes) { *v = seeded(seed).shapes() })
		if s.Modified() || s.Changes() != nil {
			t.Fatalf("seed %d: taken back, it changes %v", seed, s.Changes())
		}
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after, err := store.Load(t.Context(), id); err != nil || after.Revision != before.Revision {
			t.Fatalf("seed %d: revision %v, was %v, error %v", seed, after.Revision, before.Revision, err)
		}
	}
}

// Changes names the fields that differ, and no others.
func TestRandomChangesAreNamed(t *testing.T) {
	store := memstore.New[shapes](nil)
	named := map[string]bool{}
	for seed := range uint64(seeds) {
		was, is, other := seeded(seed).shapes(), seeded(seed).shapes(), seeded(seed+seeds).shapes()
		s := saved(t, store, was)
		from, to := reflect.ValueOf(&other).Elem(), reflect.ValueOf(&is).Elem()
		choice := seeded(seed + 2*seeds)
		for range 1 + choice.IntN(5) {
			if i := choice.IntN(to.NumField()); to.Field(i).CanSet() {
				to.Field(i).Set(from.Field(i))
			}
		}
		want := differences("", reflect.ValueOf(was), reflect.ValueOf(is))
		s.Update(func(v *shapes) { *v = is })
		if got := s.Changes(); !cmp.Equal(want, got) || s.Modified() != (want != nil) {
			t.Fatalf("seed %d: Changes %v, Modified %v, want %v", seed, got, s.Modified(), want)
		}
		for _, path := range want {
			named[path] = true
		}
	}
	if len(named) < 40 {
		t.Errorf("only %d fields ever changed: %v", len(named), named)
	}
}
