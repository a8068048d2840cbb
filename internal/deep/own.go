package deep

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// An own is the node of a type that encodes itself, or has hidden state. Its values are
// equal if the codecs of the view encode them alike. A method Equal is not asked: it may
// ignore parts that are stored.
type own struct {
	node    // by kind
	facts   facts
	info    *typeinfo.Info
	codecs  []typeinfo.Codec // the codecs of the view that call the type's methods
	pairs   []*typeinfo.Pair // the methods
	byKind  bool             // another codec of the view stores the type by its kind
	copying typeinfo.Copying
}

func newOwn(info *typeinfo.Info, view view, byKind node) node {
	n := &own{node: byKind, facts: *byKind.about(), info: info, copying: info.Copying()}
	for _, c := range view.codecs() {
		switch p := info.By(c); {
		case p == nil:
			n.byKind = n.byKind || !info.Hidden()
		default:
			n.codecs = append(n.codecs, c)
			if !slices.Contains(n.pairs, p) {
				n.pairs = append(n.pairs, p)
			}
		}
	}
	f := &n.facts
	f.normalizes = f.normalizes && !info.AlwaysEncodesItself() && !info.Hidden()
	if n.copying.How != typeinfo.ByParts {
		f.flat = n.copying.How == typeinfo.Assigned || n.copying.How == typeinfo.Shared
		f.calls, f.verifies = !f.flat, !f.flat
	}
	f.verifies = f.verifies || len(n.codecs) > 0
	return n
}

func (n *own) about() *facts { return &n.facts }

// at returns a pointer to the value at p.
func (n *own) at(p unsafe.Pointer) reflect.Value { return reflect.NewAt(n.info.Type, p) }

func (n *own) unshare(p unsafe.Pointer) {
	switch n.copying.How {
	case typeinfo.ByParts:
		n.node.unshare(p)
	case typeinfo.Cloned, typeinfo.Marshalled:
		if v := n.at(p).Elem(); !v.IsZero() { // a method may refuse zero values, which share nothing
			if copied, err := n.copied(p); err == nil {
				v.Set(copied.Elem())
			}
		}
	}
}

// copied returns a pointer to a copy of the value at p. It fails only for a value that
// [Plan.Verify] refuses.
func (n *own) copied(p unsafe.Pointer) (v reflect.Value, err error) {
	if n.copying.How == typeinfo.Cloned {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic in Clone: %v", p)
			}
		}()
		v = reflect.New(n.info.Type)
		v.Elem().Set(n.at(p).Method(n.copying.Clone).Call(nil)[0])
		return v, nil
	}
	if v, err = n.copying.Pair.Trip(n.info.Type, n.at(p).Interface()); err == nil {
		return v, nil
	}
	for _, pair := range n.pairs {
		if v, again := pair.Trip(n.info.Type, n.at(p).Interface()); again == nil {
			return v, nil
		}
	}
	return v, err
}

func (n *own) equal(a, b unsafe.Pointer) bool {
	x, y := n.at(a).Interface(), n.at(b).Interface()
	if reflect.DeepEqual(x, y) {
		return true
	}
	if n.byKind && !n.node.equal(a, b) {
		return false
	}
	for _, p := range n.pairs {
		one, errOne := p.Marshal(x)
		two, errTwo := p.Marshal(y)
		if errOne != nil || errTwo != nil || !bytes.Equal(one, two) {
			return false
		}
	}
	return n.byKind || len(n.pairs) > 0
}

// hash adds nothing: equal values may have several forms.
func (*own) hash(*maphash.Hash, unsafe.Pointer) {}

func (n *own) normalize(p unsafe.Pointer) {
	if n.facts.normalizes {
		n.node.normalize(p)
	}
}

// changes goes into the parts of a value if codecs see them.
func (n *own) changes(paths []string, path string, a, b unsafe.Pointer) []string {
	if n.info.Hidden() {
		return n.facts.changes(paths, path, a, b)
	}
	return n.node.changes(paths, path, a, b)
}

func (n *own) verify(w *walk, p unsafe.Pointer, depth int) bool {
	return n.verifyBehind(w, p, depth, false)
}

// verifyBehind is verify for a value behind a pointer or not.
func (n *own) verifyBehind(w *walk, p unsafe.Pointer, depth int, pointed bool) bool {
	if n.copying.How == typeinfo.ByParts && n.node.about().verifies && !n.node.verify(w, p, depth) {
		return false
	}
	if len(n.codecs) > 0 && !n.survives(w, p, pointed) {
		return false
	}
	if n.copying.How == typeinfo.Cloned && !n.at(p).Elem().IsZero() {
		return n.clones(w, p)
	}
	return true
}

// survives reports whether the codecs of the view can decode their own encoding of the
// value at p.
func (n *own) survives(w *walk, p unsafe.Pointer, pointed bool) bool {
	var err error
	for _, c := range n.codecs {
		if err = n.info.Survives(c, n.at(p), pointed); err == nil {
			return true
		}
	}
	if n.byKind {
		return true
	}
	w.err = fmt.Errorf("a %v cannot be stored: %w", n.info, err)
	return false
}

// verifyKey reports whether a codec of the view decodes the key of a map at p as the same
// key. Under another, or together with another, its entry would be lost.
func (n *own) verifyKey(w *walk, p unsafe.Pointer) bool {
	if n.byKind {
		return true
	}
	key := n.at(p)
	for _, pair := range n.pairs {
		if back, err := pair.Trip(n.info.Type, key.Interface()); err == nil && back.Elem().Equal(key.Elem()) {
			return true
		}
	}
	w.err = fmt.Errorf("a map key of type %v is decoded as another key", n.info)
	return false
}

// clones reports whether the method Clone returns an equal value that shares nothing.
func (n *own) clones(w *walk, p unsafe.Pointer) bool {
	copied, err := n.copied(p)
	switch {
	case err != nil:
		w.err = fmt.Errorf("a %v cannot be copied: %w", n.info, err)
	case !n.equal(p, copied.UnsafePointer()):
		w.err = fmt.Errorf("the method Clone of %v returns another value", n.info)
	case sharesMemory(n.at(p).Elem(), copied.Elem()):
		w.err = fmt.Errorf("the method Clone of %v returns a value that shares memory with the first", n.info)
	}
	return w.err == nil
}

// sharesMemory reports whether a and b, of one type, point to the same variables. It
// compares the parts that are in the same places.
func sharesMemory(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer, reflect.Map:
		if a.IsNil() || b.IsNil() {
			return false
		}
		if a.UnsafePointer() == b.UnsafePointer() {
			return a.Kind() == reflect.Map || a.Type().Elem().Size() > 0
		}
		return a.Kind() == reflect.Pointer && sharesMemory(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Cap() > 0 && a.Type().Elem().Size() > 0 && a.UnsafePointer() == b.UnsafePointer() {
			return true
		}
		for i := range min(a.Len(), b.Len()) {
			if sharesMemory(a.Index(i), b.Index(i)) {
				return true
			}
		}
	case reflect.Array:
		for i := range a.Len() {
			if sharesMemory(a.Index(i), b.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if exceptions[a.Type()] == nil && sharesMemory(a.Field(i), b.Field(i)) {
				return true
			}
		}
	}
	return false
}
