package deep

import (
	"reflect"
	"unsafe"
)

// structs fills the node of a struct: field by field if all its state can be
// seen, as one piece if not.
func (c *compiler) structs(n *node) {
	var skipped []field
	var norm, loops, hidden bool
	n.flat = true
	for f := range n.typ.Fields() {
		inner := field{c.node(f.Type), f.Name, f.Offset}
		if skips(f) {
			skipped = append(skipped, inner)
			norm = true
			continue
		}
		n.fields = append(n.fields, inner)
		n.flat = n.flat && inner.flat
		norm = norm || inner.norm
		loops = loops || inner.loops
		hidden = hidden || !visible(f)
	}
	if hidden {
		opaque(n)
		return
	}
	n.unshare = each(n.fields, func(f *field) bool { return !f.flat }, func(f *field, p unsafe.Pointer) { f.unshare(p) })
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
// stores a field that only encoding/json leaves out, if it can.
func skips(f reflect.StructField) bool {
	if f.Tag.Get("msgpack") == "-" {
		return true
	}
	if f.Tag.Get("json") != "-" {
		return false
	}
	switch f.Type.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Interface:
		return true
	}
	return !f.IsExported()
}

// visible reports whether codecs see the field: it is exported, or an embedded
// struct whose fields may be, or holds nothing.
func visible(f reflect.StructField) bool {
	return f.IsExported() || f.Name == "_" || f.Anonymous && f.Type.Kind() == reflect.Struct
}
