package middleware

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// A writer is the response writer that handlers see. It asks the response before it
// sends something, and keeps the end of a response back until the session is saved.
type writer struct {
	http.ResponseWriter // the server's
	x                   responder
	r                   *http.Request // as the handler has it
	encoding            []string      // Content-Encoding as a compressor around the manager has set it
	held                *held         // the part that is held back; nil if none is
	last                lastByte
	head                bool // the client asked by HEAD; handlers may change r.Method
	begun               bool // the header was sent
	returned            bool // the handler has returned, and nothing is kept back any more
	left                bool // the client has closed the connection
}

// newWriter allocates once: WithContext is inlined, and its copy stays on the stack.
// The request has a token, and is behind a pointer, where package fmt does not look.
func newWriter(to http.ResponseWriter, r *http.Request, x responder, holdBack int) *writer {
	all := &struct {
		writer  writer
		request http.Request
	}{request: *r.WithContext(x)}
	w := &all.writer
	w.ResponseWriter, w.x, w.r, w.encoding = to, x, &all.request, to.Header()["Content-Encoding"]
	w.head = r.Method == http.MethodHead
	if holdBack > 0 {
		w.held = &held{limit: holdBack}
	}
	return w
}

// A responder is a response of any type.
type responder interface {
	context.Context
	begin(w *writer, status int) (first, used bool, err error)
	finish(w *writer) error
	abandon(w *writer)
	hijack()
	reopen()
	failure() error
	holds() (unsent, used bool)
}

// serve lets next handle the request. The request was made for the server, or for
// code around the manager, which may look at it afterwards.
func (w *writer) serve(next http.Handler, original *http.Request) {
	returned := false
	defer func() {
		if !returned {
			w.held, w.last, w.returned = nil, lastByte{}, true
			w.x.abandon(w)
		}
		w.giveBack(original)
	}()
	next.ServeHTTP(w.wrap(), w.r)
	err := w.finish()
	if returned = true; err != nil {
		w.breakOff()
		panic(http.ErrAbortHandler)
	}
}

// giveBack copies the handler's changes of its request to the original request, such as
// the route's pattern. It removes the temporary files of a form: the server would not
// if the original is a copy itself, or if the handler panics.
func (w *writer) giveBack(original *http.Request) {
	if form := w.r.MultipartForm; form != nil && original.MultipartForm == nil {
		form.RemoveAll()
	}
	*original = *w.r.WithContext(original.Context())
	if w.head {
		original.Method = http.MethodHead // else the server would send the body
	}
}

// finish is called when the handler has returned. It returns an error if a change
// after the first byte was not saved: then the response must be broken off.
func (w *writer) finish() error {
	if w.held != nil && w.held.status != 0 {
		w.begin(w.held.status)
	}
	w.held = nil
	if err := w.x.finish(w); err != nil {
		return err
	}
	w.last.send(w.ResponseWriter)
	w.returned = true
	return nil
}

// breakOff makes sure that the client takes the response for incomplete, also if
// code around the manager recovers http.ErrAbortHandler. Nothing that was not sent
// yet is sent: not even the end of a chunked body or of an HTTP/2 stream.
func (w *writer) breakOff() {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
}

// begin is called before something is sent. It returns an error if the handler's
// response is not to be sent.
func (w *writer) begin(status int) error {
	h := w.held
	if h == nil || h.status == 0 {
		first, used, err := w.x.begin(w, status)
		if first {
			w.begun, w.held = true, nil
			w.last.keep(w, used)
		}
		return err
	}
	w.held = nil
	later := h.swap(w.Header())
	defer h.swapBack(w.Header(), later)
	_, used, err := w.x.begin(w, h.status)
	if err != nil {
		return err
	}
	w.begun = true
	w.last.keep(w, used)
	w.ResponseWriter.WriteHeader(h.status)
	if len(h.body) > 0 {
		w.last.write(w.ResponseWriter, h.body) // a failed write shows in the next one, and at the server
	}
	if h.flush {
		http.NewResponseController(w.ResponseWriter).Flush()
	}
	return nil
}

// WriteHeader begins the response, unless the status is informational: 1xx are
// sent at once, and the response is still to come. 101 is final.
func (w *writer) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		w.ResponseWriter.WriteHeader(status) // panics
		return
	case status < 200 && status != http.StatusSwitchingProtocols:
		if w.x.failure() == nil && (w.held == nil || w.held.status == 0) {
			w.ResponseWriter.WriteHeader(status)
		}
		return
	}
	w.closeIfTooLarge(status)
	if w.keeps(status) {
		w.held.begin(status, w.Header())
	} else if w.begin(status) == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// closeIfTooLarge does for a large body the same as http.MaxBytesReader with the
// server's writer.
func (w *writer) closeIfTooLarge(status int) {
	if status != http.StatusRequestEntityTooLarge || w.r.ProtoMajor != 1 {
		return
	}
	if unsent, _ := w.x.holds(); unsent {
		w.Header().Set("Connection", "close")
	}
}

// Write, like the other writes, returns the commit's error if it failed.
func (w *writer) Write(p []byte) (int, error) {
	if w.keeps(http.StatusOK) && w.held.takes(len(p)) {
		w.held.begin(http.StatusOK, w.Header())
		return w.held.Write(p)
	}
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.last.write(w.ResponseWriter, p)
}

func (w *writer) WriteString(s string) (int, error) {
	if w.keeps(http.StatusOK) || w.last.kept {
		return w.Write([]byte(s))
	}
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	if w.last.kept {
		return w.last.write(w.ResponseWriter, []byte(s))
	}
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server's writer use sendfile. A source that is empty or fails at
// once begins no response: the handler may still answer something else.
func (w *writer) ReadFrom(src io.Reader) (n int64, err error) {
	if !w.begun {
		if n, err = w.readFirst(src); n == 0 || err != nil {
			return n, err
		}
	}
	if w.keeps(http.StatusOK) {
		kept, next, err := w.held.readFrom(src)
		if n += kept; len(next) == 0 {
			return n, err
		}
		m, err := w.Write(next)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	copied, err := w.last.copy(w.ResponseWriter, src)
	return n + copied, err
}

// readFirst writes the beginning of src.
func (w *writer) readFirst(src io.Reader) (int64, error) {
	buf := beginnings.Get().(*[512]byte)
	defer beginnings.Put(buf)
	first := buf[:]
	if length := declaredLength(w.Header()); length > 0 {
		first = first[:min(length, int64(len(first)))]
	}
	n, err := io.ReadAtLeast(src, first, 1)
	if n == 0 {
		if err == io.EOF {
			err = nil
		}
		return 0, err
	}
	n, err = w.Write(first[:n])
	return int64(n), err
}

var beginnings = sync.Pool{New: func() any { return new([512]byte) }}

// keeps reports whether a response of this status is held back for now. One that is
// complete with its header is held back if the session was asked for: it may still
// be changed, and a failure could not be shown afterwards.
func (w *writer) keeps(status int) bool {
	if w.begun {
		return false
	}
	ends := (w.held == nil || w.held.status == 0) && w.endsWithHeader(status)
	if w.held == nil && !ends || status == http.StatusSwitchingProtocols {
		return false
	}
	unsent, used := w.x.holds()
	if !unsent {
		return false
	}
	if used && ends {
		if w.held == nil {
			w.held = new(held)
		}
		w.held.whole = true
	}
	return w.held != nil
}

// endsWithHeader reports whether a response of this status has no body.
func (w *writer) endsWithHeader(status int) bool {
	return w.head || status == http.StatusNoContent || status == http.StatusNotModified ||
		declaredLength(w.Header()) == 0
}

// Format writes the type's name, for any verb: the request has a token.
func (w *writer) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.ResponseWriter")) }
