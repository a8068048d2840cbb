package middleware

import (
	"io"
	"net/http"
)

// A held is the part of a response that is held back until the handler returns:
// see Options.HoldBack.
type held struct {
	limit  int
	status int // zero until the handler has begun the response
	body   []byte
}

func (h *held) writeHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// fits reports whether there is room for n more bytes of the body.
func (h *held) fits(n int) bool { return n <= h.limit-len(h.body) }

// Write keeps p, for which there must be room.
func (h *held) Write(p []byte) (int, error) {
	h.writeHeader(http.StatusOK)
	if h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	h.body = append(h.body, p...)
	return len(p), nil
}

// readFrom keeps the bytes of src that fit, and reports whether those were all.
// The rest is still to be read.
func (h *held) readFrom(src io.Reader) (n int64, all bool, err error) {
	n, err = io.CopyN(h, src, int64(h.limit-len(h.body)))
	if err == io.EOF {
		return n, true, nil
	}
	return n, err != nil, err
}

// send sends the held part.
func (h *held) send(w http.ResponseWriter) {
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	if len(h.body) > 0 {
		w.Write(h.body) // a failed write shows in the next one, and at the server
	}
}
