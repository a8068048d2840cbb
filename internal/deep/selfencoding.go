package deep

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// A selfEncoding is the node of a type whose own marshalers every codec uses. Its
// values are equal if their encodings are. A method Equal is not asked: it may
// ignore parts that are stored.
type selfEncoding struct {
	node      // by kind
	facts     facts
	encodings encodings
}

func newSelfEncoding(byKind node) node {
	f := *byKind.about()
	f.normalizes = false
	return &selfEncoding{byKind, f, encodingsOf(f.typ)}
}

func (n *selfEncoding) about() *facts { return &n.facts }

func (n *selfEncoding) equal(a, b unsafe.Pointer) bool {
	return n.encodings.same(reflect.NewAt(n.facts.typ, a).Interface(), reflect.NewAt(n.facts.typ, b).Interface())
}

// hash adds nothing: equal values may have several encodings.
func (*selfEncoding) hash(*maphash.Hash, unsafe.Pointer) {}

func (*selfEncoding) normalize(unsafe.Pointer) {}
