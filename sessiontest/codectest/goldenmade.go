package codectest

import (
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/internal/typeinfo"
)

// withMade returns the samples, and more that Golden makes. In the made ones, each part
// has a value of its own, and integers are at an end of their range. For each bool there
// is another sample, in which that bool alone is true. They show when two fields were
// exchanged, or when a type of integers became narrower. Parts that encode themselves are
// taken from the samples.
func withMade[T any](samples map[string]T) map[string]T {
	m := maker{known: map[reflect.Type]reflect.Value{}, open: map[reflect.Type]bool{}}
	plan := deep.Of[T]()
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		if v := samples[name]; plan.Verify(&v) == nil {
			m.learn(reflect.ValueOf(plan.Copy(&v)).Elem())
		}
	}
	all := map[string]T{"made-high": made[T](&m)}
	if m.integers {
		m.low = true
		all["made-low"] = made[T](&m)
	}
	bools := m.bools
	for _, m.only = range bools {
		all["made-true"+punctuation.ReplaceAllString(m.only, "-")] = made[T](&m)
	}
	maps.Copy(all, samples)
	return all
}

var punctuation = regexp.MustCompile(`\W+`)

func made[T any](m *maker) (v T) {
	m.count, m.integers, m.bools = 0, false, nil
	m.part("", reflect.ValueOf(&v).Elem())
	return v
}

// A maker sets the parts of a value.
type maker struct {
	known map[reflect.Type]reflect.Value // values of types that encode themselves
	open  map[reflect.Type]bool          // each recursive type is gone into once

	count    int      // of the numbers and times set
	low      bool     // integers are low
	only     string   // the path of the bool that is true; all are if empty
	integers bool     // there are some
	bools    []string // their paths
}

// learn remembers values of types that encode themselves.
func (m *maker) learn(v reflect.Value) {
	r := reshaper{own: func(v reflect.Value) {
		if !v.IsZero() {
			m.known[v.Type()] = v
		}
	}}
	r.walk(v)
}

func (m *maker) part(path string, v reflect.Value) {
	t := v.Type()
	if m.open[t] {
		return
	}
	m.open[t] = true
	defer delete(m.open, t)
	switch k := t.Kind(); {
	case t == reflect.TypeFor[time.Time]():
		m.count++
		v.Set(reflect.ValueOf(time.Unix(int64(m.count)*86400, int64(m.count)).UTC()))
	case typeinfo.Of(t).EncodesItself():
		if known, ok := m.known[t]; ok {
			v.Set(known)
		}
	case k == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		m.part(path, v.Elem())
	case k == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(path))
	case k == reflect.Slice:
		v.Set(reflect.MakeSlice(t, 1, 1))
		m.part(path+"[]", v.Index(0))
	case k == reflect.Array:
		for i := range v.Len() {
			m.part(path+"[]", v.Index(i))
		}
	case k == reflect.Map:
		m.entry(path, v)
	case k == reflect.Struct:
		for _, f := range storedFields(t) {
			if field := v.FieldByIndex(f.Index); field.CanSet() || f.Type.Kind() == reflect.Struct {
				m.part(path+"."+f.Name, field)
			}
		}
	default:
		m.scalar(path, v)
	}
}

func (m *maker) entry(path string, v reflect.Value) {
	key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	m.part(path+"[key]", key)
	m.part(path+"[]", elem)
	v.Set(reflect.MakeMap(v.Type()))
	v.SetMapIndex(key, elem)
}

func (m *maker) scalar(path string, v reflect.Value) {
	m.count++
	switch {
	case v.Kind() == reflect.String:
		v.SetString(strings.TrimPrefix(path, "."))
	case v.Kind() == reflect.Bool:
		m.bools = append(m.bools, path)
		v.SetBool(m.only == "" || m.only == path)
	case v.CanFloat():
		v.SetFloat(float64(m.count) + 1./3)
	case v.CanInt():
		m.integers = true
		first := int64(-1) << (v.Type().Bits() - 1)
		if off := int64(m.count % 64); m.low {
			v.SetInt(first + off)
		} else {
			v.SetInt(-1 - first - off)
		}
	case v.CanUint():
		m.integers = true
		if off := uint64(m.count % 64); m.low {
			v.SetUint(off)
		} else {
			v.SetUint(math.MaxUint64>>(64-v.Type().Bits()) - off)
		}
	}
}
