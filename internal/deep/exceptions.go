package deep

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"reflect"
	"time"
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// exceptions are the nodes of types that are not handled by their kind.
var exceptions = map[reflect.Type]node{
	timeType:                          &instant{facts{typ: timeType, flat: true, normalizes: true}},
	rawType:                           &raw{facts{typ: rawType, normalizes: true, verifies: true}},
	reflect.TypeFor[netip.Addr]():     newImmutable[netip.Addr](),
	reflect.TypeFor[netip.AddrPort](): newImmutable[netip.AddrPort](),
	reflect.TypeFor[netip.Prefix]():   newImmutable[netip.Prefix](),
}

// texts are the nodes of types with values that have no text, for a view of JSON alone.
var texts = map[reflect.Type]node{
	reflect.TypeFor[netip.AddrPort](): newTextual[netip.AddrPort](),
	reflect.TypeFor[netip.Prefix]():   newTextual[netip.Prefix](),
}

// exception returns nil for a type that is handled by its kind.
func exception(t reflect.Type, v view) node {
	if n := texts[t]; n != nil && v == view(typeinfo.JSON) {
		return n
	}
	return exceptions[t]
}

func newImmutable[V comparable]() node {
	return &basic[V]{facts{typ: reflect.TypeFor[V](), flat: true}}
}

// A textual is the node of an immutable type with values that cannot be stored as text.
type textual[V interface {
	comparable
	IsValid() bool
}] struct{ basic[V] }

func newTextual[V interface {
	comparable
	IsValid() bool
}]() node {
	return &textual[V]{basic[V]{facts{typ: reflect.TypeFor[V](), flat: true, verifies: true}}}
}

func (*textual[V]) verify(w *walk, p unsafe.Pointer, _ int) bool {
	var zero V
	if v := *(*V)(p); v != zero && !v.IsValid() {
		w.err = fmt.Errorf("a %T that is not valid cannot be stored as text", v)
		return false
	}
	return true
}

var timeType = reflect.TypeFor[time.Time]()

// An instant is the node of time.Time. Times are equal if they are the same instant.
type instant struct{ facts }

func (*instant) equal(a, b unsafe.Pointer) bool { return (*time.Time)(a).Equal(*(*time.Time)(b)) }

func (*instant) hash(h *maphash.Hash, p unsafe.Pointer) {
	t := (*time.Time)(p)
	maphash.WriteComparable(h, [2]int64{t.Unix(), int64(t.Nanosecond())})
}

// normalize drops the monotonic reading too, as UTC does.
func (*instant) normalize(p unsafe.Pointer) { t := (*time.Time)(p); *t = t.UTC() }
