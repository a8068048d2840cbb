package deep

import (
	"hash/maphash"
	"net/netip"
	"reflect"
	"time"
	"unsafe"
)

// exceptions are the nodes of types that are not handled by their kind.
var exceptions = map[reflect.Type]node{
	timeType:                          &instant{facts{typ: timeType, flat: true, normalizes: true}},
	rawType:                           &raw{facts{typ: rawType, normalizes: true, verifies: true}},
	reflect.TypeFor[netip.Addr]():     newImmutable[netip.Addr](),
	reflect.TypeFor[netip.AddrPort](): newImmutable[netip.AddrPort](),
	reflect.TypeFor[netip.Prefix]():   newImmutable[netip.Prefix](),
}

// exception returns nil for a type that is handled by its kind.
func exception(t reflect.Type) node { return exceptions[t] }

func newImmutable[V comparable]() node {
	return &basic[V]{facts{typ: reflect.TypeFor[V](), flat: true}}
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
