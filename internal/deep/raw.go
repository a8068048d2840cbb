package deep

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/maphash"
	"reflect"
	"unsafe"
)

// A json.RawMessage counts by its meaning: encoding/json takes the white space
// out of it, and has null for none.

var errRaw = errors.New("a json.RawMessage is no valid JSON")

func raw(n *node) {
	n.unshare = func(p unsafe.Pointer) { cloneSlice(n.typ, p) }
	n.equal = func(a, b unsafe.Pointer) bool {
		x, y := *(*json.RawMessage)(a), *(*json.RawMessage)(b)
		return x != nil && y != nil && bytes.Equal(x, y) || bytes.Equal(compacted(x), compacted(y))
	}
	n.mark = func(h *maphash.Hash, p unsafe.Pointer) { h.Write(compacted(*(*json.RawMessage)(p))) }
	n.normalize = func(p unsafe.Pointer) { m := (*json.RawMessage)(p); *m = compacted(*m) }
	n.verify = func(w *walk, p unsafe.Pointer, _ int) bool {
		if m := *(*json.RawMessage)(p); len(m) > 0 && !json.Valid(m) {
			w.err = errRaw
			return false
		}
		return true
	}
}

var rawType = reflect.TypeFor[json.RawMessage]()

// compacted returns m without white space; nil if it is empty or null, and m
// itself if it is no JSON.
func compacted(m json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if err := json.Compact(&out, m); err != nil && len(m) > 0 {
		return m
	}
	if out.Len() == 0 || out.String() == "null" {
		return nil
	}
	return out.Bytes()
}
