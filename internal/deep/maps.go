package deep

import (
	"reflect"
	"unsafe"
)

func (c *compiler) maps(n *node) {
	key, elem := c.node(n.typ.Key()), c.node(n.typ.Elem())
	n.shares, n.lost = elem.shares, key.lost || elem.lost
	n.unshare = func(p unsafe.Pointer) {
		rebuild(n.typ, p, func(_, v unsafe.Pointer) { elem.unshare(v) })
	}
	n.equal = func(a, b unsafe.Pointer) bool { return equalMaps(elem, at(n.typ, a), at(n.typ, b)) }
	if key.norm || elem.norm {
		n.normalize = func(p unsafe.Pointer) {
			rebuild(n.typ, p, func(k, v unsafe.Pointer) { key.normalize(k); elem.normalize(v) })
		}
	}
	if elem.loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			m := at(n.typ, p)
			return m.IsNil() || w.enter(depth) && verifyMap(elem, w, m, depth+1)
		}
	}
}

// rebuild replaces the map at p by one with the same entries, each passed
// through change first. Nil stays nil.
func rebuild(t reflect.Type, p unsafe.Pointer, change func(k, v unsafe.Pointer)) {
	old := at(t, p)
	if old.IsNil() {
		return
	}
	fresh := reflect.MakeMapWithSize(t, old.Len())
	k, v := reflect.New(t.Key()), reflect.New(t.Elem())
	for entries := old.MapRange(); entries.Next(); {
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		change(k.UnsafePointer(), v.UnsafePointer())
		fresh.SetMapIndex(k.Elem(), v.Elem())
	}
	old.Set(fresh)
}

func equalMaps(elem *node, a, b reflect.Value) bool {
	if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
		return false
	}
	x, y := reflect.New(elem.typ), reflect.New(elem.typ)
	for entries := a.MapRange(); entries.Next(); {
		other := b.MapIndex(entries.Key())
		if !other.IsValid() {
			return false
		}
		x.Elem().SetIterValue(entries)
		y.Elem().Set(other)
		if !elem.equal(x.UnsafePointer(), y.UnsafePointer()) {
			return false
		}
	}
	return true
}

func verifyMap(elem *node, w *walk, m reflect.Value, depth int) bool {
	v := reflect.New(elem.typ)
	for entries := m.MapRange(); entries.Next(); {
		v.Elem().SetIterValue(entries)
		if !elem.verify(w, v.UnsafePointer(), depth) {
			return false
		}
	}
	return true
}
