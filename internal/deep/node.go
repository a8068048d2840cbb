package deep

import (
	"hash/maphash"
	"reflect"
	"sync"
	"unsafe"
)

// A node is the plan for one type. Its functions take addresses of values of
// that type.
type node struct {
	typ    reflect.Type
	fields []field // of a struct that is handled field by field

	flat   bool // unshare has nothing to do
	shares bool // a copy shares hidden state that may change
	lost   bool // holds something that cannot be stored
	norm   bool // normalize may have something to do
	loops  bool // verify may have something to say

	unshare   func(p unsafe.Pointer)                          // gives *p, a plain copy of another value, memory of its own
	equal     func(a, b unsafe.Pointer) bool                  // reports whether *a and *b are the same
	mark      func(h *maphash.Hash, p unsafe.Pointer)         // adds to h a hash that equal values share; nil if their parts tell
	normalize func(p unsafe.Pointer)                          // see Plan.Normalize
	verify    func(w *walk, p unsafe.Pointer, depth int) bool // reports whether *p is within bounds
}

type field struct {
	*node
	name    string
	offset  uintptr
	omitted omitter // may be nil
}

func (f *field) of(p unsafe.Pointer) unsafe.Pointer { return unsafe.Add(p, f.offset) }

// maxParts bounds the parts that a walk visits. A value with more parts than this could
// not be stored; one that shares parts could otherwise take forever to walk.
const maxParts = 1 << 20

// A walk looks for parts that keep a value from being copied and stored. It counts
// the parts, since not every type bounds them.
type walk struct {
	budget int
	err    error // why a part's own marshaler refused it
}

// enter reports whether a part at this depth is within bounds.
func (w *walk) enter(depth int) bool {
	w.budget--
	return depth < MaxDepth && w.budget >= 0
}

var (
	nodes    sync.Map // of reflect.Type to *node; complete ones only
	compiles sync.Mutex
)

func nodeOf(t reflect.Type) *node {
	if n, ok := nodes.Load(t); ok {
		return n.(*node)
	}
	compiles.Lock()
	defer compiles.Unlock()
	c := compiler{seen: map[reflect.Type]*node{}}
	n := c.node(t)
	for t, n := range c.seen {
		nodes.LoadOrStore(t, n)
	}
	return n
}

// A compiler makes the nodes of a type and of all types in it. A type that is
// met again while its node is being made is recursive.
type compiler struct {
	seen map[reflect.Type]*node
}

func (c *compiler) node(t reflect.Type) *node {
	if n, ok := c.seen[t]; ok {
		return n
	}
	if n, ok := nodes.Load(t); ok {
		return n.(*node)
	}
	// Until the type's parts are known, everything is possible. A recursive type
	// sees itself so, and rightly.
	n := &node{typ: t, norm: true, loops: true}
	c.seen[t] = n
	c.fill(n)
	if n.normalize == nil {
		n.norm, n.normalize = false, func(unsafe.Pointer) {}
	}
	if n.verify == nil {
		n.loops, n.verify = false, func(*walk, unsafe.Pointer, int) bool { return true }
	}
	return n
}

func (c *compiler) fill(n *node) {
	if known(n) {
		return
	}
	c.byKind(n)
	if n.normalize != nil && n.typ.Kind() != reflect.Interface && alwaysEncodesItself(n.typ) {
		n.normalize = nil
		byEncoding(n)
	}
	if clone := cloner(n.typ); clone != nil {
		n.flat, n.shares, n.unshare = false, false, clone
	}
}

func (c *compiler) byKind(n *node) {
	switch n.typ.Kind() {
	case reflect.Struct:
		c.structs(n)
	case reflect.Slice:
		c.slice(n)
	case reflect.Array:
		c.array(n)
	case reflect.Map:
		c.maps(n)
	case reflect.Pointer:
		c.pointer(n)
	case reflect.Interface:
		interfaces(n)
	default:
		scalar(n)
	}
}

// at returns the value at p, addressable.
func at(t reflect.Type, p unsafe.Pointer) reflect.Value { return reflect.NewAt(t, p).Elem() }
