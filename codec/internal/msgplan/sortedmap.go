package msgplan

import (
	"maps"
	"slices"
	"unsafe"

	"github.com/seed48429006/sessions/internal/deep"
)

// A sortedMap is the node of a type of maps that msgpack/v5 stores in the order of
// their keys.
type sortedMap[V string | bool] struct{ elem node }

func (n *sortedMap[V]) encode(w *writer, p unsafe.Pointer, depth int) bool {
	m := *(*map[string]V)(p)
	if m == nil {
		return w.null()
	}
	if depth == deep.MaxDepth {
		return false
	}
	w.mapHead(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		w.text(k)
		if !n.elem.encode(w, unsafe.Pointer(&v), depth+1) {
			return false
		}
	}
	return true
}

func (n *sortedMap[V]) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.mapHead(depth)
	if !ok {
		return false
	}
	m := make(map[string]V, count)
	*(*map[string]V)(p) = m
	v := new(V)
	for range count {
		r.owed -= 2
		k, ok := r.text()
		var zero V
		if *v = zero; !ok || !n.elem.decode(r, unsafe.Pointer(v), depth+1) {
			return false
		}
		m[k] = *v
	}
	return true
}
