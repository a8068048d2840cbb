package deep

import (
	"encoding/json"
	"reflect"
	"slices"
	"unsafe"
)

func (c *compiler) slice(n *node) {
	elem := c.node(n.typ.Elem())
	size := elem.typ.Size()
	n.shares, n.lost = elem.shares, elem.lost
	each := func(p unsafe.Pointer, do func(unsafe.Pointer)) {
		h := (*sliceHeader)(p)
		for i := range h.len {
			do(unsafe.Add(h.data, uintptr(i)*size))
		}
	}
	n.unshare = func(p unsafe.Pointer) {
		cloneSlice(n.typ, p)
		if !elem.flat {
			each(p, elem.unshare)
		}
	}
	if elem.typ.Kind() == reflect.String {
		n.unshare = func(p unsafe.Pointer) { s := (*[]string)(p); *s = slices.Clone(*s) }
	}
	n.equal = func(a, b unsafe.Pointer) bool {
		x, y := (*sliceHeader)(a), (*sliceHeader)(b)
		if x.len != y.len || (x.data == nil) != (y.data == nil) {
			return false
		}
		return equalRun(elem, x.data, y.data, x.len)
	}
	if elem.norm {
		n.normalize = func(p unsafe.Pointer) { each(p, elem.normalize) }
	}
	if elem.loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			h := (*sliceHeader)(p)
			return h.data == nil || w.enter(depth) && verifyRun(elem, w, h.data, h.len, depth+1)
		}
	}
}

// sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

// cloneSlice gives the slice at p an array of its own. Nil stays nil, and empty
// stays empty.
func cloneSlice(t reflect.Type, p unsafe.Pointer) {
	if old := at(t, p); !old.IsNil() {
		fresh := reflect.MakeSlice(t, old.Len(), old.Len())
		reflect.Copy(fresh, old)
		old.Set(fresh)
	}
}

func equalRun(elem *node, a, b unsafe.Pointer, count int) bool {
	for i := range uintptr(count) {
		step := i * elem.typ.Size()
		if !elem.equal(unsafe.Add(a, step), unsafe.Add(b, step)) {
			return false
		}
	}
	return true
}

func verifyRun(elem *node, w *walk, p unsafe.Pointer, count, depth int) bool {
	for i := range uintptr(count) {
		if !elem.verify(w, unsafe.Add(p, i*elem.typ.Size()), depth) {
			return false
		}
	}
	return true
}

func (c *compiler) array(n *node) {
	elem, count := c.node(n.typ.Elem()), n.typ.Len()
	each := func(do func(unsafe.Pointer)) func(unsafe.Pointer) {
		return func(p unsafe.Pointer) {
			for i := range uintptr(count) {
				do(unsafe.Add(p, i*elem.typ.Size()))
			}
		}
	}
	n.flat, n.shares, n.lost = elem.flat, elem.shares, elem.lost
	n.unshare = each(func(p unsafe.Pointer) { elem.unshare(p) })
	n.equal = func(a, b unsafe.Pointer) bool { return equalRun(elem, a, b, count) }
	if elem.norm {
		n.normalize = each(func(p unsafe.Pointer) { elem.normalize(p) })
	}
	if elem.loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			return w.enter(depth) && verifyRun(elem, w, p, count, depth+1)
		}
	}
}

func (c *compiler) pointer(n *node) {
	elem := c.node(n.typ.Elem())
	n.shares, n.lost = elem.shares, elem.lost
	n.unshare = func(p unsafe.Pointer) {
		if *(*unsafe.Pointer)(p) == nil {
			return
		}
		fresh := reflect.New(elem.typ)
		fresh.Elem().Set(at(n.typ, p).Elem())
		elem.unshare(fresh.UnsafePointer())
		*(*unsafe.Pointer)(p) = fresh.UnsafePointer()
	}
	mayBeHollow := nilable(elem.typ)
	n.equal = func(a, b unsafe.Pointer) bool {
		x, y := *(*unsafe.Pointer)(a), *(*unsafe.Pointer)(b)
		return x == y || x != nil && y != nil && elem.equal(x, y) || mayBeHollow && encodesAsNil(n.typ, a) && encodesAsNil(n.typ, b)
	}
	if elem.norm || mayBeHollow {
		n.normalize = func(p unsafe.Pointer) {
			if to := *(*unsafe.Pointer)(p); to != nil {
				elem.normalize(to)
			}
			if encodesAsNil(n.typ, p) {
				*(*unsafe.Pointer)(p) = nil
			}
		}
	}
	if elem.loops {
		n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
			to := *(*unsafe.Pointer)(p)
			return to == nil || elem.verify(w, to, depth)
		}
	}
}

// encodesAsNil reports whether the value at p, of a type that is [nilable], is nil or
// points to nothing but nil, which codecs write as nil too.
func encodesAsNil(t reflect.Type, p unsafe.Pointer) bool {
	if t == rawType {
		return compacted(*(*json.RawMessage)(p)) == nil
	}
	to := *(*unsafe.Pointer)(p)
	return to == nil || t.Kind() == reflect.Pointer && nilable(t.Elem()) && encodesAsNil(t.Elem(), to)
}

// nilable reports whether a codec writes t's nil as nil: not if t has a form of its own.
func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return t == rawType || !EncodesItself(t)
	}
	return false
}

// interfaces fills the node of an interface type. Its contents have a node of their
// own, known only when they are met.
func interfaces(n *node) {
	n.lost = true
	replace := func(p unsafe.Pointer, change func(*node, unsafe.Pointer)) {
		held := at(n.typ, p)
		inner := nodeOf(held.Elem().Type())
		fresh := reflect.New(inner.typ)
		fresh.Elem().Set(held.Elem())
		change(inner, fresh.UnsafePointer())
		held.Set(fresh.Elem())
	}
	n.unshare = func(p unsafe.Pointer) {
		if held := at(n.typ, p); !held.IsNil() && !nodeOf(held.Elem().Type()).flat {
			replace(p, func(inner *node, q unsafe.Pointer) { inner.unshare(q) })
		}
	}
	n.equal = func(a, b unsafe.Pointer) bool {
		x, y := at(n.typ, a), at(n.typ, b)
		if x.IsNil() || y.IsNil() {
			return x.IsNil() && y.IsNil()
		}
		if x.Elem().Type() != y.Elem().Type() {
			return false
		}
		inner := nodeOf(x.Elem().Type())
		return inner.equal(addressOfCopy(x.Elem()), addressOfCopy(y.Elem()))
	}
	n.normalize = func(p unsafe.Pointer) {
		if held := at(n.typ, p); !held.IsNil() && nodeOf(held.Elem().Type()).norm {
			replace(p, func(inner *node, q unsafe.Pointer) { inner.normalize(q) })
		}
	}
	n.verify = func(w *walk, p unsafe.Pointer, depth int) bool {
		held := at(n.typ, p)
		if held.IsNil() {
			return true
		}
		inner := nodeOf(held.Elem().Type())
		return !inner.loops || inner.verify(w, addressOfCopy(held.Elem()), depth)
	}
}

// addressOfCopy returns the address of a copy of v, which is not addressable itself.
func addressOfCopy(v reflect.Value) unsafe.Pointer {
	fresh := reflect.New(v.Type())
	fresh.Elem().Set(v)
	return fresh.UnsafePointer()
}
