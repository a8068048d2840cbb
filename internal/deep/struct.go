package deep

import (
	"reflect"
	"strings"
	"unsafe"
)

// structs fills the node of a struct: field by field if all its state can be
// seen, as one piece if not. A struct that encodes itself decides which fields it
// keeps: tags say nothing about it.
func (c *compiler) structs(n *node) {
	own := EncodesItself(n.typ)
	var all, stored, skipped []field
	var norm, loops, hidden, shares, lost bool
	flat := true // n says no until all is known: n may be met again within
	for f := range n.typ.Fields() {
		inner := field{node: c.node(f.Type), name: f.Name, offset: f.Offset}
		if !own {
			inner.omitted = omits(f)
		}
		all = append(all, inner)
		flat = flat && inner.flat
		loops = loops || inner.loops // in a field that is not stored too: it is copied
		skip := skips(f, inner.lost)
		if skip && !own {
			skipped = append(skipped, inner)
			norm = true
			continue
		}
		stored = append(stored, inner)
		norm = norm || inner.norm || inner.omitted != nil
		hidden = hidden || !visible(f) && !skip
		shares = shares || inner.shares
		lost = lost || inner.lost
	}
	if hidden || shares && marshaler(n.typ) != nil {
		opaque(n, flat && !shares)
		return
	}
	n.fields, n.flat, n.shares, n.lost = stored, flat, shares, lost && !own
	n.unshare = each(all, func(f *field) bool { return !f.flat }, func(f *field, p unsafe.Pointer) { f.unshare(p) })
	n.equal = func(a, b unsafe.Pointer) bool {
		for i := range n.fields {
			if f := &n.fields[i]; !f.same(a, b) {
				return false
			}
		}
		return true
	}
	if norm {
		inner := each(n.fields, func(f *field) bool { return f.norm }, func(f *field, p unsafe.Pointer) { f.normalize(p) })
		zero := each(skipped, func(*field) bool { return true }, func(f *field, p unsafe.Pointer) { at(f.typ, p).SetZero() })
		omit := each(n.fields, func(f *field) bool { return f.omitted != nil }, (*field).omit)
		n.normalize = func(p unsafe.Pointer) { inner(p); omit(p); zero(p) }
	}
	if loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			if !w.enter(depth) {
				return false
			}
			for i := range all {
				if f := &all[i]; !f.verify(w, f.of(p), depth+1) {
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

// skips reports whether the field is not to be stored: its tags say so, or it
// has no name. The default codec stores a field that only encoding/json leaves
// out, unless it would be lost.
func skips(f reflect.StructField, lost bool) bool {
	return f.Name == "_" || skippedByMsgpack(f) || f.Tag.Get("json") == "-" && (lost || !visible(f))
}

// skippedByMsgpack reports whether msgpack/v5 leaves the field out, which looks no further
// than to the first comma.
func skippedByMsgpack(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("msgpack"), ",")
	return name == "-"
}

// Keeps reports whether sessions keep the field f of the struct t. If t encodes
// itself, they keep all of it.
func Keeps(t reflect.Type, f reflect.StructField) bool {
	return f.Name != "_" && (EncodesItself(t) || !skips(f, nodeOf(f.Type).lost))
}

// visible reports whether codecs see the field: it is exported, or an embedded
// struct whose fields may be.
func visible(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
}
