package msgplan

import "unsafe"

// A byteSlice is the node of a type of slices of bytes.
type byteSlice struct{}

func (byteSlice) encode(w *writer, p unsafe.Pointer, _ int) bool {
	b := *(*[]byte)(p)
	if b == nil {
		return w.null()
	}
	w.bytes(b)
	return true
}

func (byteSlice) decode(r *reader, p unsafe.Pointer, _ int) bool {
	if r.null() {
		return true
	}
	b, ok := r.blob()
	if ok {
		*(*[]byte)(p) = append(make([]byte, 0, len(b)), b...)
	}
	return ok
}

// A byteArray is the node of a type of arrays of bytes.
type byteArray struct{ len int }

func (n *byteArray) of(p unsafe.Pointer) []byte { return unsafe.Slice((*byte)(p), n.len) }

func (n *byteArray) encode(w *writer, p unsafe.Pointer, _ int) bool {
	w.bytes(n.of(p))
	return true
}

// decode leaves the rest of the array zero if the data holds fewer bytes.
func (n *byteArray) decode(r *reader, p unsafe.Pointer, _ int) bool {
	if r.null() {
		return true
	}
	b, ok := r.blob()
	return ok && copy(n.of(p), b) == len(b)
}
