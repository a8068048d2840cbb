package msgplan

import (
	"reflect"
	"slices"
	"unsafe"

	"github.com/seed48429006/sessions/internal/deep"
)

// A structure is the node of a struct type. It is stored as a map from the names of
// its fields to their values.
type structure struct {
	fields []field
	spread []string
	omits  bool // some fields may be left out
}

// A field is a field of a structure.
type field struct {
	node
	member
	head []byte // its name as it is stored
}

func (f *field) of(p unsafe.Pointer) unsafe.Pointer { return unsafe.Add(p, f.offset) }

func (f *field) is(name []byte) bool {
	return string(name) == f.name || f.alias != "" && string(name) == f.alias
}

func (c *compiler) structure(t reflect.Type) node {
	members, _ := membersOf(t)
	n := &structure{spread: members.spread}
	for _, m := range members.list {
		var w writer
		w.text(m.name)
		n.fields = append(n.fields, field{c.node(m.typ), m, w.out})
		n.omits = n.omits || m.omits != nil
	}
	return n
}

func (n *structure) encode(w *writer, p unsafe.Pointer, depth int) bool {
	if depth == deep.MaxDepth {
		return false
	}
	omitted, count := n.omitted(p)
	w.mapHead(count)
	for i := range n.fields {
		if omitted&(1<<i) != 0 {
			continue
		}
		f := &n.fields[i]
		w.out = append(w.out, f.head...)
		if !f.encode(w, f.of(p), depth+1) {
			return false
		}
	}
	return true
}

// omitted returns a bit for each field that is left out, and how many are not.
func (n *structure) omitted(p unsafe.Pointer) (bits uint64, count int) {
	count = len(n.fields)
	if !n.omits {
		return 0, count
	}
	for i := range n.fields {
		if f := &n.fields[i]; f.omits != nil && f.omits(f.of(p)) {
			bits |= 1 << i
			count--
		}
	}
	return bits, count
}

// decode expects the fields in their order, any of them or others in between. It
// gives up on a field that comes after a later one: it may come a second time.
func (n *structure) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.mapHead(depth)
	if !ok {
		return false
	}
	next := 0
	for range count {
		r.owed -= 2
		name, ok := r.blob()
		if !ok {
			return false
		}
		i := n.find(name, next)
		switch {
		case i < len(n.fields):
			f := &n.fields[i]
			if !f.decode(r, f.of(p), depth+1) {
				return false
			}
			next = i + 1
		case n.knows(name) || !r.skip(depth+1):
			return false
		}
	}
	return true
}

// find returns the index of the first field with this name from the given one on,
// or the number of fields.
func (n *structure) find(name []byte, from int) int {
	for i := from; i < len(n.fields); i++ {
		if n.fields[i].is(name) {
			return i
		}
	}
	return len(n.fields)
}

// knows reports whether the name is that of a field or of an embedded struct.
func (n *structure) knows(name []byte) bool {
	return n.find(name, 0) < len(n.fields) || slices.Contains(n.spread, string(name))
}
