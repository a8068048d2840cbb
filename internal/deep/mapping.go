package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// A mapping is the node of a type of maps.
type mapping struct {
	facts
	key, elem node
}

func newMapping(t reflect.Type, key, elem node) node {
	k, e := key.about(), elem.about()
	return &mapping{facts{typ: t, normalizes: k.normalizes || e.normalizes, verifies: k.verifies || e.verifies}, key, elem}
}

func (n *mapping) unshare(p unsafe.Pointer) {
	n.rebuild(p, func(_, v unsafe.Pointer) { n.elem.unshare(v) })
}

func (n *mapping) normalize(p unsafe.Pointer) {
	if !n.normalizes {
		return
	}
	n.rebuild(p, func(k, v unsafe.Pointer) { n.key.normalize(k); n.elem.normalize(v) })
}

// rebuild replaces the map at p by one with the same entries, each passed
// through change first. Nil stays nil.
func (n *mapping) rebuild(p unsafe.Pointer, change func(k, v unsafe.Pointer)) {
	old := valueAt(n.typ, p)
	if old.IsNil() {
		return
	}
	rebuilt := reflect.MakeMapWithSize(n.typ, old.Len())
	k, v := reflect.New(n.typ.Key()), reflect.New(n.typ.Elem())
	for entries := old.MapRange(); entries.Next(); {
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		change(k.UnsafePointer(), v.UnsafePointer())
		rebuilt.SetMapIndex(k.Elem(), v.Elem())
	}
	old.Set(rebuilt)
}

func (n *mapping) equal(a, b unsafe.Pointer) bool {
	x, y := valueAt(n.typ, a), valueAt(n.typ, b)
	if x.IsNil() != y.IsNil() || x.Len() != y.Len() {
		return false
	}
	v, w := reflect.New(n.typ.Elem()), reflect.New(n.typ.Elem())
	for entries := x.MapRange(); entries.Next(); {
		other := y.MapIndex(entries.Key())
		if !other.IsValid() {
			return false
		}
		v.Elem().SetIterValue(entries)
		w.Elem().Set(other)
		if !n.elem.equal(v.UnsafePointer(), w.UnsafePointer()) {
			return false
		}
	}
	return true
}

// hash adds the sum of the entries' hashes, since entries have no order.
func (n *mapping) hash(h *maphash.Hash, p unsafe.Pointer) {
	var sum uint64
	k, v := reflect.New(n.typ.Key()), reflect.New(n.typ.Elem())
	for entries := valueAt(n.typ, p).MapRange(); entries.Next(); {
		var entry maphash.Hash
		entry.SetSeed(h.Seed())
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		n.key.hash(&entry, k.UnsafePointer())
		n.elem.hash(&entry, v.UnsafePointer())
		sum += entry.Sum64()
	}
	maphash.WriteComparable(h, sum)
}

func (n *mapping) verify(w *walk, p unsafe.Pointer, depth int) bool {
	m := valueAt(n.typ, p)
	if !n.verifies || m.IsNil() {
		return true
	}
	if !w.enter(depth) {
		return false
	}
	k, v := reflect.New(n.typ.Key()), reflect.New(n.typ.Elem())
	own, isOwn := n.key.(*own)
	for entries := m.MapRange(); entries.Next(); {
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		if isOwn && !own.verifyKey(w, k.UnsafePointer()) {
			return false
		}
		if !n.key.verify(w, k.UnsafePointer(), depth+1) || !n.elem.verify(w, v.UnsafePointer(), depth+1) {
			return false
		}
	}
	return true
}
