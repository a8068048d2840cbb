package msgplan

import (
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/deep"
)

// A mapping is the node of a type of maps. Its entries are stored in any order.
type mapping struct {
	typ       reflect.Type
	key, elem node
}

func (n *mapping) encode(w *writer, p unsafe.Pointer, depth int) bool {
	m := valueAt(n.typ, p)
	if m.IsNil() {
		return w.null()
	}
	if depth == deep.MaxDepth {
		return false
	}
	w.mapHead(m.Len())
	k, v := reflect.New(n.typ.Key()), reflect.New(n.typ.Elem())
	for entries := m.MapRange(); entries.Next(); {
		k.Elem().SetIterKey(entries)
		v.Elem().SetIterValue(entries)
		if !n.key.encode(w, k.UnsafePointer(), depth+1) || !n.elem.encode(w, v.UnsafePointer(), depth+1) {
			return false
		}
	}
	return true
}

// decode lets the last of several equal keys win, as msgpack/v5 does.
func (n *mapping) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.mapHead(depth)
	if !ok {
		return false
	}
	m := reflect.MakeMapWithSize(n.typ, count)
	valueAt(n.typ, p).Set(m)
	k, v := reflect.New(n.typ.Key()), reflect.New(n.typ.Elem())
	for range count {
		k.Elem().SetZero()
		v.Elem().SetZero()
		r.owed -= 2
		if !n.key.decode(r, k.UnsafePointer(), depth+1) || !n.elem.decode(r, v.UnsafePointer(), depth+1) {
			return false
		}
		m.SetMapIndex(k.Elem(), v.Elem())
	}
	return true
}
