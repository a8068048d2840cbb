package msgplan

import (
	"unsafe"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A marshalled is the node of a type with methods that return binary data or text. It is
// stored as bytes.
type marshalled struct {
	info *typeinfo.Info
	pair *typeinfo.Pair
}

// encode writes nil as msgpack/v5 does: for a nil slice or map, which it does not ask, and
// for nil data.
func (n *marshalled) encode(w *writer, p unsafe.Pointer, depth int) bool {
	v := valueAt(n.info.Type, p)
	if typeinfo.Nilable(v.Kind()) && v.IsNil() {
		return w.null()
	}
	data, err := n.pair.Marshal(v.Addr().Interface())
	if err == nil && data == nil {
		return w.null()
	}
	w.bytes(data)
	return err == nil
}

// encodeBehind encodes a value behind a pointer. It writes no nil: the pointer would be nil
// when it is decoded.
func (n *marshalled) encodeBehind(w *writer, p unsafe.Pointer) bool {
	data, err := n.pair.Marshal(valueAt(n.info.Type, p).Addr().Interface())
	w.bytes(data)
	return err == nil
}

func (n *marshalled) decode(r *reader, p unsafe.Pointer, _ int) bool {
	if r.null() {
		return true
	}
	data, ok := r.blob()
	if !ok || n.info.Excessive(data) {
		return false
	}
	return n.pair.Unmarshal(valueAt(n.info.Type, p).Addr().Interface(), append(make([]byte, 0, len(data)), data...)) == nil
}
