package deep

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/maphash"
	"reflect"
	"unsafe"
)

var errRaw = errors.New("a json.RawMessage is no valid JSON")

var rawType = reflect.TypeFor[json.RawMessage]()

// A raw is the node of json.RawMessage. White space in it does not count, and null
// is nil, since encoding/json writes no more than that.
type raw struct{ facts }

func (n *raw) unshare(p unsafe.Pointer) { cloneSlice(n.typ, p) }

func (*raw) equal(a, b unsafe.Pointer) bool {
	x, y := *(*json.RawMessage)(a), *(*json.RawMessage)(b)
	return x != nil && y != nil && bytes.Equal(x, y) || bytes.Equal(compacted(x), compacted(y))
}

func (*raw) hash(h *maphash.Hash, p unsafe.Pointer) { h.Write(compacted(*(*json.RawMessage)(p))) }

func (*raw) normalize(p unsafe.Pointer) { m := (*json.RawMessage)(p); *m = compacted(*m) }

func (*raw) verify(w *walk, p unsafe.Pointer, _ int) bool {
	if m := *(*json.RawMessage)(p); len(m) > 0 && !json.Valid(m) {
		w.err = errRaw
		return false
	}
	return true
}

// compacted returns m without white space: nil if it is empty or null, and m itself if it
// is not JSON.
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
