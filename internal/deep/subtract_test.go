package deep_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/seed48429006/sessions/internal/deep"
)

// subtracted is what Subtract must leave: element by element.
func subtracted[E any](v, taken []E) (left []E) {
	plan, gone := deep.Of[E](), make([]bool, len(taken))
	for i := range v {
		at := -1
		for j := range taken {
			if !gone[j] && plan.Equal(&v[i], &taken[j]) {
				at = j
				break
			}
		}
		if at < 0 {
			left = append(left, v[i])
		} else {
			gone[at] = true
		}
	}
	return left
}

// subtracts checks Subtract with lists made of a few different elements.
func subtracts[E any](t *testing.T, some ...E) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func() []E {
		list := make([]E, random.IntN(8))
		for i := range list {
			list[i] = *deep.Of[E]().Copy(&some[random.IntN(len(some))])
		}
		return list
	}
	for range 300 {
		v, taken := pick(), pick()
		want, got := subtracted(v, taken), slices.Clone(v)
		deep.Of[[]E]().Subtract(&got, &taken)
		if !deep.Of[[]E]().Equal(&got, &want) {
			t.Fatalf("%v without %v is %v, want %v", v, taken, got, want)
		}
	}
}

// Subtract finds an element that is equal, in whatever form it is.
func TestSubtractFindsEqualElements(t *testing.T) {
	zone := time.FixedZone("far", 3600)
	subtracts(t, "", "a", "b", "ab")
	subtracts(t, 0, 1, -1)
	subtracts(t, true, false)
	subtracts(t, 0, math.Copysign(0, -1), 1, math.NaN(), -math.NaN())
	subtracts(t, time.Unix(1, 0), time.Unix(1, 0).In(zone), time.Unix(1, 1), time.Time{})
	subtracts(t, netip.Addr{}, netip.MustParseAddr("::1"), netip.MustParseAddr("::1%eth0"))
	subtracts(t, json.RawMessage(`{"a":1}`), json.RawMessage(` {"a": 1}`), json.RawMessage("null"), nil)
	subtracts(t, big.NewInt(0), new(big.Int).SetBits([]big.Word{}), big.NewInt(7), nil)
	subtracts(t, []string{"a", "b"}, []string{"ab", ""}, []string{}, nil)
	subtracts(t, [2]int8{1, 2}, [2]int8{2, 1})
	subtracts(t, map[string]int{"a": 1, "b": 2}, map[string]int{"b": 1, "a": 2}, map[string]int{}, nil)
	subtracts(t, new([]int), nil, &[]int{}, &[]int{1})
	subtracts(t, new(new([]int)), new((*[]int)(nil)), nil, new(&[]int{}))
	subtracts(t, labelled{1, "EUR", nil}, labelled{1, "USD", nil}, labelled{1, "EUR", new(1)})
	type notice struct {
		Text string
		Tags []string `msgpack:",omitempty"`
		At   time.Time
		Own  cloned
		Skip int `msgpack:"-" json:"-"`
	}
	subtracts(t, notice{Text: "a"}, notice{Text: "a", Tags: []string{}, Skip: 1}, notice{Text: "a", Tags: []string{"x"}},
		notice{At: time.Unix(1, 0)}, notice{At: time.Unix(1, 0).In(zone)}, notice{Own: cloned{[]string{"x"}}})
	subtracts(t, tree{}, tree{Kids: []*tree{{Name: "a"}, nil}}, tree{Kids: []*tree{nil, {Name: "a"}}}, tree{By: map[string]*tree{"a": {}}})
}

// Elements of every shape that are equal are found.
func TestSubtractFindsCopies(t *testing.T) {
	one, list := deep.Of[shapes](), deep.Of[[]shapes]()
	if err := quick.Check(func(a, b shapes) bool {
		a.Raw, b.Raw = nil, nil
		v, taken := []shapes{a, b}, []shapes{*one.Copy(&b), *one.Copy(&a)}
		want := subtracted(v, taken[:1])
		only := taken[:1]
		list.Subtract(&v, &only)
		remaining := []shapes{*one.Copy(&a), *one.Copy(&b)}
		list.Subtract(&remaining, &taken)
		return reflect.DeepEqual(v, want) && remaining == nil
	}, &quick.Config{MaxCount: 50}); err != nil {
		t.Error(err)
	}
}

// counted counts how often its values are compared.
type counted struct{ n int }

var comparisons int

func (c *counted) MarshalText() ([]byte, error) {
	comparisons++
	return fmt.Append(nil, c.n), nil
}

func (c *counted) UnmarshalText(text []byte) error {
	_, err := fmt.Sscan(string(text), &c.n)
	return err
}

// The time grows with the sum of the lists' lengths, not with their product.
func TestSubtractTakesLinearTime(t *testing.T) {
	type notice struct {
		Own counted // compared first
		ID  int
	}
	const size = 1000
	list := func(from, step int) (l []notice) {
		for i := range size {
			l = append(l, notice{counted{from + step*i}, from + step*i})
		}
		return l
	}
	for name, v := range map[string][]notice{
		"same":      list(0, 1),
		"more":      append(list(0, 1), list(size, 1)...),
		"in front":  append(list(size, 1), list(0, 1)...),
		"others":    list(size, 1),
		"backwards": list(size-1, -1),
	} {
		t.Run(name, func(t *testing.T) {
			comparisons = 0
			taken := list(0, 1)
			deep.Of[[]notice]().Subtract(&v, &taken)
			if comparisons > 10*size {
				t.Errorf("%d comparisons for %d elements", comparisons, size)
			}
		})
	}
	t.Run("more that encode themselves", func(t *testing.T) {
		var v, taken []counted
		for i := range 2 * size {
			v = append(v, counted{i})
		}
		taken = append(taken, v[:size]...)
		comparisons = 0
		if deep.Of[[]counted]().Subtract(&v, &taken); len(v) != size || comparisons > 10*size {
			t.Errorf("%d comparisons for %d elements, %d left", comparisons, size, len(v))
		}
	})
}

func BenchmarkSubtract(b *testing.B) {
	plan := deep.Of[[]string]()
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var taken, other []string
			for i := range size {
				taken, other = append(taken, fmt.Sprint(i)), append(other, fmt.Sprint("new ", i))
			}
			for b.Loop() {
				v := slices.Clone(other)
				plan.Subtract(&v, &taken)
			}
		})
	}
}
