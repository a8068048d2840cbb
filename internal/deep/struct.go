package deep

import (
	"reflect"
	"unsafe"
)

// structs fills the node of a struct: field by field if all its state can be
// seen, as one piece if not.
func (c *compiler) structs(n *node) {
	var all, stored, skipped []field
	var norm, loops, hidden, shares, lost bool
	flat := true // n says no until all is known: n may be met again within
	for f := range n.typ.Fields() {
		inner := field{c.node(f.Type), f.Name, f.Offset}
		all = append(all, inner)
		flat = flat && inner.flat
		if skips(f, inner.lost) {
			skipped = append(skipped, inner)
			norm = true
			continue
		}
		stored = append(stored, inner)
		norm = norm || inner.norm
		loops = loops || inner.loops
		hidden = hidden || !visible(f)
		shares = shares || inner.shares
		lost = lost || inner.lost
	}
	if hidden || shares && marshaler(n.typ) != nil {
		opaque(n, flat && !shares)
		return
	}
	n.fields, n.flat, n.shares, n.lost = stored, flat, shares, lost
	n.unshare = each(all, func(f *field) bool { return !f.flat }, func(f *field, p unsafe.Pointer) { f.unshare(p) })
	n.equal = func(a, b unsafe.Pointer) bool {
		for i := range n.fields {
			if f := &n.fields[i]; !f.equal(f.of(a), f.of(b)) {
				return false
			}
		}
		return true
	}
	if norm {
		inner := each(n.fields, func(f *field) bool { return f.norm }, func(f *field, p unsafe.Pointer) { f.normalize(p) })
		zero := each(skipped, func(*field) bool { return true }, func(f *field, p unsafe.Pointer) { at(f.typ, p).SetZero() })
		n.normalize = func(p unsafe.Pointer) { inner(p); zero(p) }
	}
	if loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			if !w.enter(depth) {
				return false
			}
			for i := range n.fields {
				if f := &n.fields[i]; !f.verify(w, f.of(p), depth+1) {
					return false
				}
			}
			return true
		}
	}
}

// each returns a function that does something to those fields that want it.
func each(fields []field, want func(*field) bool, do func(*field, unsafe.Pointer)) func(unsafe.Pointer) {
	var wanted []field
	for _, f := range fields {
		if want(&f) {
			wanted = append(wanted, f)
		}
	}
	return func(p unsafe.Pointer) {
		for i := range wanted {
			f := &wanted[i]
			do(f, f.of(p))
		}
	}
}

// skips reports whether the field is tagged not to be stored. The default codec
// stores a field that only encoding/json leaves out, unless it would be lost.
func skips(f reflect.StructField, lost bool) bool {
	return f.Tag.Get("msgpack") == "-" || f.Tag.Get("json") == "-" && (lost || !visible(f))
}

// visible reports whether codecs see the field: it is exported, or an embedded
// struct whose fields may be, or holds nothing.
func visible(f reflect.StructField) bool {
	return f.IsExported() || f.Name == "_" || f.Anonymous && f.Type.Kind() == reflect.Struct
}
