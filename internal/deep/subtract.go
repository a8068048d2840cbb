package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// Subtract removes the content of *taken from *v: the elements from a slice, each as
// often as *taken has it, the entries from a map, and any other value, also a
// []byte, if it is equal. The rest of *v stays. If there is none, *v is zero.
func (p Plan[T]) Subtract(v, taken *T) {
	from, part := reflect.ValueOf(v).Elem(), reflect.ValueOf(taken).Elem()
	switch t := p.root.about().typ; {
	case p.Equal(v, taken):
		from.SetZero()
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		subtractSlice(from, part)
	case t.Kind() == reflect.Map:
		subtractMap(from, part)
	}
}

// IsNothing reports whether *v is zero, or a slice or map without elements.
func (p Plan[T]) IsNothing(v *T) bool {
	switch x := reflect.ValueOf(v).Elem(); x.Kind() {
	case reflect.Slice, reflect.Map:
		return x.Len() == 0
	}
	var zero T
	return p.Equal(v, &zero)
}

func subtractSlice(from, part reflect.Value) {
	taken := newBag(nodeOf(from.Type().Elem(), both), part)
	kept := reflect.MakeSlice(from.Type(), 0, from.Len())
	for i := range from.Len() {
		if v := from.Index(i); !taken.remove(v) {
			kept = reflect.Append(kept, v)
		}
	}
	if kept.Len() == 0 {
		from.SetZero()
		return
	}
	from.Set(kept)
}

// A bag holds the elements of a slice, in lists of equal hashes, each in the order of
// the slice. A lookup of all elements takes linear time, unless their type encodes
// itself and they come in another order.
type bag struct {
	elem  node
	slice reflect.Value
	seed  maphash.Seed
	first map[uint64]int // by hash: the index of the first in its list
	next  []int          // by index: the next index in the same list, -1 after the last
}

func newBag(elem node, slice reflect.Value) *bag {
	b := &bag{elem, slice, maphash.MakeSeed(), make(map[uint64]int, slice.Len()), make([]int, slice.Len())}
	for i := slice.Len() - 1; i >= 0; i-- {
		hash := b.hash(slice.Index(i))
		next, ok := b.first[hash]
		if !ok {
			next = -1
		}
		b.first[hash], b.next[i] = i, next
	}
	return b
}

func (b *bag) hash(v reflect.Value) uint64 {
	var h maphash.Hash
	h.SetSeed(b.seed)
	b.elem.hash(&h, address(v))
	return h.Sum64()
}

// remove removes one element that equals v, and reports whether there was one.
func (b *bag) remove(v reflect.Value) bool {
	if len(b.first) == 0 {
		return false
	}
	hash := b.hash(v)
	i, ok := b.first[hash]
	for before := -1; ok && i >= 0; before, i = i, b.next[i] {
		switch {
		case !b.elem.equal(address(b.slice.Index(i)), address(v)):
			continue
		case before >= 0:
			b.next[before] = b.next[i]
		case b.next[i] >= 0:
			b.first[hash] = b.next[i]
		default:
			delete(b.first, hash)
		}
		return true
	}
	return false
}

func subtractMap(from, part reflect.Value) {
	elem := nodeOf(from.Type().Elem(), both)
	for entries := part.MapRange(); entries.Next(); {
		held := from.MapIndex(entries.Key())
		if held.IsValid() && elem.equal(addressOfCopy(held), addressOfCopy(entries.Value())) {
			from.SetMapIndex(entries.Key(), reflect.Value{})
		}
	}
	if from.Len() == 0 {
		from.SetZero()
	}
}

func address(v reflect.Value) unsafe.Pointer { return v.Addr().UnsafePointer() }
