package middleware

import (
	"io"
	"maps"
	"net/http"
	"slices"
)

// sniffed is how much of the body of a response to HEAD the server looks at, to find
// its type and length. It sends nothing of it.
const sniffed = 4097

// A held is the part of a response that is held back until the handler returns:
// see Options.HoldBack.
type held struct {
	limit  int
	whole  bool // the response is complete with its header, and held back to its end
	flush  bool // the handler has flushed it
	status int  // zero until the handler has begun the response
	header http.Header
	body   []byte
	size   int64 // of the whole body; the end may be missing in the bytes kept
}

// begin keeps the header as the server would send it. Later changes can only be
// trailers.
func (h *held) begin(status int, header http.Header) {
	if h.status == 0 {
		h.status, h.header = status, header.Clone()
	}
}

// swap puts the header back as it was, and returns the later one.
func (h *held) swap(header http.Header) (later http.Header) {
	later = maps.Clone(header)
	clear(header)
	maps.Copy(header, h.header)
	return later
}

// swapBack puts the later header back, with the changes that the commit made.
func (h *held) swapBack(header, later http.Header) {
	for name, lines := range header {
		if !slices.Equal(lines, h.header[name]) {
			later[name] = lines
		}
	}
	clear(header)
	maps.Copy(header, later)
}

// takes reports whether there is room for n more bytes of the body.
func (h *held) takes(n int) bool { return h.whole || n <= h.limit-len(h.body) }

// Write keeps p, for which there must be room, and answers as the server would. If the
// response may not have a body, p still decides the Content-Type, as it does in the
// server.
func (h *held) Write(p []byte) (n int, err error) {
	h.size += int64(len(p))
	length := declaredLength(h.header)
	switch {
	case len(p) == 0:
		return 0, nil
	case h.status == http.StatusNoContent || h.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case length >= 0 && h.size > length:
		err = http.ErrContentLength
	default:
		n = len(p)
	}
	switch {
	case h.flush: // the server would look at the body no more
	case h.whole:
		h.body = append(h.body, p[:min(len(p), max(0, sniffed-len(h.body)))]...)
	default:
		h.body = append(h.body, p[:n]...)
	}
	return n, err
}

// readFrom keeps as much of src as it can. If there is more, next is the beginning of
// it.
func (h *held) readFrom(src io.Reader) (n int64, next []byte, err error) {
	if h.whole {
		n, err = io.Copy(struct{ io.Writer }{h}, src)
		return n, nil, err
	}
	n, err = io.CopyN(h, src, int64(h.limit-len(h.body)))
	if err == io.EOF {
		return n, nil, nil
	}
	if err != nil {
		return n, nil, err
	}
	var one [1]byte
	m, err := io.ReadFull(src, one[:])
	if err == io.EOF {
		err = nil
	}
	return n, one[:m], err
}
