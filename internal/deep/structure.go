package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A structure is the node of a struct type that is handled field by field.
type structure struct {
	facts
	stored     []field
	dropped    []field // all others
	deep       []field // fields whose copies need memory of their own
	normalized []field
	omitted    []field // fields that a codec may leave out
}

// A field is a field of a structure.
type field struct {
	node
	typ     reflect.Type
	name    string
	offset  uintptr
	omits   omitter // nil if no codec leaves out a field that is not zero
	leftOut bool    // the codecs of the view leave out a zero field
}

func (f *field) of(p unsafe.Pointer) unsafe.Pointer { return unsafe.Add(p, f.offset) }

// same reports whether the field is the same in the structs at a and b.
func (f *field) same(a, b unsafe.Pointer) bool {
	a, b = f.of(a), f.of(b)
	return f.omits != nil && f.omits(a) && f.omits(b) || f.equal(a, b)
}

// structure returns the node of a struct: field by field.
func (c *compiler) structure(info *typeinfo.Info) node {
	n := &structure{facts: facts{typ: info.Type, flat: true}}
	for k := range info.Fields {
		f := &info.Fields[k]
		in := field{typ: f.Type, name: f.Name, offset: f.Offset}
		if !f.Stored() {
			in.node = &basic[struct{}]{} // never asked
			n.drop(in)
			continue
		}
		in.node, in.omits, in.leftOut = c.node(f.Type), omits(f), leftOut(f, c.view)
		n.keep(in)
	}
	return n
}

// drop adds a field that sessions drop. Copies have it by assignment: it may lead to
// anything, also back to the value.
func (n *structure) drop(f field) { n.normalizes, n.dropped = true, append(n.dropped, f) }

// keep adds a field that sessions keep.
func (n *structure) keep(f field) {
	about := f.about()
	n.stored = append(n.stored, f)
	n.verifies = n.verifies || about.verifies
	n.calls = n.calls || about.calls
	if !about.flat {
		n.flat, n.deep = false, append(n.deep, f)
	}
	if about.normalizes {
		n.normalizes, n.normalized = true, append(n.normalized, f)
	}
	if f.omits != nil {
		n.normalizes, n.omitted = true, append(n.omitted, f)
	}
}

func (n *structure) unshare(p unsafe.Pointer) {
	for i := range n.deep {
		f := &n.deep[i]
		f.unshare(f.of(p))
	}
}

func (n *structure) equal(a, b unsafe.Pointer) bool {
	for i := range n.stored {
		if f := &n.stored[i]; !f.same(a, b) {
			return false
		}
	}
	return true
}

func (n *structure) hash(h *maphash.Hash, p unsafe.Pointer) {
	for i := range n.stored {
		if f := &n.stored[i]; f.omits == nil || !f.omits(f.of(p)) {
			f.hash(h, f.of(p))
		}
	}
}

func (n *structure) normalize(p unsafe.Pointer) {
	for i := range n.normalized {
		f := &n.normalized[i]
		f.normalize(f.of(p))
	}
	for i := range n.omitted {
		if f := &n.omitted[i]; f.omits(f.of(p)) {
			valueAt(f.typ, f.of(p)).SetZero()
		}
	}
	for i := range n.dropped {
		f := &n.dropped[i]
		valueAt(f.typ, f.of(p)).SetZero()
	}
}

func (n *structure) verify(w *walk, p unsafe.Pointer, depth int) bool {
	if !n.verifies {
		return true
	}
	if !w.enter(depth) {
		return false
	}
	for i := range n.stored {
		f := &n.stored[i]
		if f.leftOut && valueAt(f.typ, f.of(p)).IsZero() {
			continue
		}
		if !f.verify(w, f.of(p), depth+1) {
			return false
		}
	}
	return true
}

// changes reports the struct as a whole if no field differs: the encodings of its
// own marshaler may differ all the same.
func (n *structure) changes(paths []string, path string, a, b unsafe.Pointer) []string {
	before := len(paths)
	for i := range n.stored {
		f := &n.stored[i]
		if f.same(a, b) {
			continue
		}
		name := f.name
		if path != "" {
			name = path + "." + f.name
		}
		paths = f.changes(paths, name, f.of(a), f.of(b))
	}
	if len(paths) == before {
		return n.facts.changes(paths, path, a, b)
	}
	return paths
}
