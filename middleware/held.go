package middleware

import "net/http"

// A held is the part of a response that is held back until the handler returns:
// see Options.HoldBack.
type held struct {
	limit  int
	status int // zero until the handler has begun the response
	body   []byte
}

func (h *held) begun() bool { return h != nil && h.status != 0 }

func (h *held) writeHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// write keeps p, and reports whether there was room for it.
func (h *held) write(p []byte) bool {
	h.writeHeader(http.StatusOK)
	if len(h.body)+len(p) > h.limit {
		return false
	}
	h.body = append(h.body, p...)
	return true
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
