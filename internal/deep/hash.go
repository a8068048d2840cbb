package deep

import (
	"hash/maphash"
	"math"
	"reflect"
	"unsafe"
)

// hash adds the value at p to h. Equal values add the same; others may, if
// their type is one that only Equal can tell apart.
func (n *node) hash(h *maphash.Hash, p unsafe.Pointer) {
	if n.mark != nil {
		n.mark(h, p)
		return
	}
	switch kind := n.typ.Kind(); kind {
	case reflect.String:
		maphash.WriteComparable(h, *(*string)(p))
	case reflect.Float32, reflect.Float64:
		if f := at(n.typ, p).Float(); f != 0 && !math.IsNaN(f) { // each of which has several forms
			maphash.WriteComparable(h, f)
		}
	case reflect.Slice:
		s := (*sliceHeader)(p)
		maphash.WriteComparable(h, s.len)
		nodeOf(n.typ.Elem()).hashRun(h, s.data, s.len)
	case reflect.Array:
		nodeOf(n.typ.Elem()).hashRun(h, p, n.typ.Len())
	case reflect.Map:
		maphash.WriteComparable(h, hashMap(h.Seed(), at(n.typ, p)))
	case reflect.Pointer:
		if to := *(*unsafe.Pointer)(p); to != nil && !(nilable(n.typ.Elem()) && encodesAsNil(n.typ, p)) {
			h.WriteByte(1)
			nodeOf(n.typ.Elem()).hash(h, to)
		}
	case reflect.Struct:
		for i := range n.fields {
			if f := &n.fields[i]; f.omitted == nil || !f.omitted(f.of(p)) {
				f.hash(h, f.of(p))
			}
		}
	default:
		if kind <= reflect.Uintptr {
			h.Write(unsafe.Slice((*byte)(p), n.typ.Size()))
		}
	}
}

func (n *node) hashRun(h *maphash.Hash, p unsafe.Pointer, count int) {
	for i := range uintptr(count) {
		n.hash(h, unsafe.Add(p, i*n.typ.Size()))
	}
}

// hashMap returns the sum of the hashes of m's entries, which have no order.
func hashMap(seed maphash.Seed, m reflect.Value) (sum uint64) {
	key, elem := nodeOf(m.Type().Key()), nodeOf(m.Type().Elem())
	k, v := reflect.New(key.typ), reflect.New(elem.typ)
	for entries := m.MapRange(); entries.Next(); {
		var h maphash.Hash
		h.SetSeed(seed)
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		key.hash(&h, k.UnsafePointer())
		elem.hash(&h, v.UnsafePointer())
		sum += h.Sum64()
	}
	return sum
}
