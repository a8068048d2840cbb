package deep

import (
	"reflect"
	"unsafe"
)

// changes appends to paths those of the fields in which *a and *b differ.
func (n *node) changes(paths []string, path string, a, b unsafe.Pointer) []string {
	if n.equal(a, b) {
		return paths
	}
	if n.typ.Kind() == reflect.Pointer {
		x, y := *(*unsafe.Pointer)(a), *(*unsafe.Pointer)(b)
		if inner := nodeOf(n.typ.Elem()); x != nil && y != nil && inner.fields != nil {
			return inner.changes(paths, path, x, y)
		}
	}
	if n.fields == nil {
		return append(paths, orDot(path))
	}
	before := len(paths)
	for i := range n.fields {
		f := &n.fields[i]
		if f.same(a, b) {
			continue
		}
		name := f.name
		if path != "" {
			name = path + "." + f.name
		}
		paths = f.changes(paths, name, f.of(a), f.of(b))
	}
	if len(paths) == before { // a struct that encodes itself, with times in other zones
		paths = append(paths, orDot(path))
	}
	return paths
}

func orDot(path string) string {
	if path == "" {
		return "."
	}
	return path
}
