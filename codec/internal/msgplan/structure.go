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
	name   string
	alias  string
	offset uintptr
	omits  omitter // nil if the field is always stored
	head   []byte  // its name as it is stored
}

func (f *field) of(p unsafe.Pointer) unsafe.Pointer { return unsafe.Add(p, f.offset) }

func (f *field) is(name []byte) bool {
	return string(name) == f.name || f.alias != "" && string(name) == f.alias
}

func (c *compiler) structure(t reflect.Type) node {
	members, _ := membersOf(t)
	n := &structure{spread: members.Spread}
	for _, m := range members.List {
		var w writer
		w.text(m.Name)
		f := field{node: c.node(m.Type), name: m.Name, alias: m.Alias, offset: m.Offset, head: w.out}
		if m.Omit {
			f.omits, _ = omitterOf(m.Type)
			n.omits = true
		}
		n.fields = append(n.fields, f)
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

// decode expects the fields in their order. Fields may be missing, and unknown fields may
// stand between them. It finds fields in another order too. It gives up on a field that
// comes twice.
func (n *structure) decode(r *reader, p unsafe.Pointer, depth int) bool {
	if r.null() {
		return true
	}
	count, ok := r.mapHead(depth)
	if !ok {
		return false
	}
	next, met := 0, uint64(0)
	for range count {
		r.owed -= 2
		name, ok := r.blob()
		if !ok {
			return false
		}
		i := n.find(name, next)
		if i == len(n.fields) {
			i = n.find(name, 0)
		}
		switch {
		case i < len(n.fields):
			if met&(1<<i) != 0 {
				return false
			}
			f := &n.fields[i]
			if !f.decode(r, f.of(p), depth+1) {
				return false
			}
			next, met = i+1, met|1<<i
		case slices.Contains(n.spread, string(name)) || !r.skip(depth+1):
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
