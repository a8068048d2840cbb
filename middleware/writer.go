package middleware

import (
	"context"
	"io"
	"net/http"
)

// A phase is how far a response has come.
type phase int

const (
	open     phase = iota // the handler runs, and nothing was sent
	settled               // the handler has returned and the session is committed; nothing was sent
	sent                  // the header was sent, and the handler runs
	closed                // the header was sent, and the handler has returned
	failing               // an error handler is to answer; the handler's writes are dropped
	failed                // it has answered
	hijacked              // the connection is the handler's
)

// A writer is the response writer that handlers see. It commits the session before
// the first byte, and drops the handler's response if that fails.
type writer struct {
	http.ResponseWriter // the server's
	x                   committer
	r                   http.Request // as the handler has it, in one allocation with the writer
	phase               phase
	err                 error         // of the commit, or given to Fail
	failedRequest       *http.Request // for the error handler
	encoding            []string      // Content-Encoding as a compressor around the manager has set it
	ignored             http.Header   // the handler's header after a failure
	held                *held         // the part that is held back; nil if none is
}

// newWriter allocates once: WithContext is inlined, and its copy stays on the stack.
func newWriter(to http.ResponseWriter, r *http.Request, x committer, holdBack int) *writer {
	w := &writer{ResponseWriter: to, x: x, r: *r.WithContext(x), encoding: to.Header()["Content-Encoding"]}
	if holdBack > 0 {
		w.held = &held{limit: holdBack}
	}
	return w
}

// A committer is an exchange of any type.
type committer interface {
	context.Context
	commit(h http.Header, sent bool) error
	commitLate() error
	abandon(h http.Header, sent bool)
	answer(w http.ResponseWriter, r *http.Request, err error)
}

// serve lets next handle the request.
func (w *writer) serve(next http.Handler) {
	returned := false
	defer func() {
		if !returned {
			w.abandon()
		}
	}()
	next.ServeHTTP(w.wrap(), &w.r)
	err := w.finish()
	returned = true
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// begin is called before something is sent. It returns an error if the handler's
// response is not to be sent.
func (w *writer) begin() error {
	begun := sent
	switch w.phase {
	case sent, failing, failed, hijacked:
		return w.err
	case closed:
		w.err = w.x.commitLate()
		return w.err
	case settled:
		begun = closed
	}
	if err := w.x.commit(w.ResponseWriter.Header(), true); err != nil {
		w.fail(&w.r, err)
		w.answer()
		return err
	}
	w.phase = begun
	if h := w.held; h != nil {
		w.held = nil
		h.send(w.ResponseWriter)
	}
	return nil
}

// fail drops the handler's response.
func (w *writer) fail(r *http.Request, err error) {
	w.phase, w.err, w.failedRequest, w.held = failing, err, r, nil
}

// answer lets the error handler answer.
func (w *writer) answer() {
	w.phase = failed
	dropBody(w.ResponseWriter.Header(), w.encoding)
	w.x.answer(w.ResponseWriter, w.failedRequest, w.err)
}

// reject is fail for a handler that called Fail. Within the handler of another
// manager, the answer waits until that has returned: the manager commits its
// session before, and its token goes out with the answer.
func (w *writer) reject(r *http.Request, err error, within bool) {
	switch w.phase {
	case sent, closed:
		w.err = err
	case open, settled:
		returned := w.phase == settled
		w.fail(r, err)
		if returned || !within {
			w.answer()
		}
	}
}

// finish is called when the handler has returned. It returns an error if a change
// after the first byte was not saved: then the response must be broken off.
func (w *writer) finish() error {
	switch w.phase {
	case open:
		if w.held != nil && w.held.status != 0 {
			if w.begin() == nil {
				w.phase = closed
			}
		} else if err := w.x.commit(w.ResponseWriter.Header(), false); err != nil {
			w.fail(&w.r, err)
			w.answer()
		} else {
			w.phase = settled
		}
	case sent:
		w.phase = closed
		if w.err == nil {
			w.err = w.x.commitLate()
		}
		return w.err
	case failing:
		w.answer()
	case hijacked:
		w.x.commitLate() // the client cannot be told of a failure, which is an event
	}
	return nil
}

// abandon is called when the handler has panicked.
func (w *writer) abandon() {
	unsent := w.phase == open || w.phase == failing
	w.x.abandon(w.ResponseWriter.Header(), !unsent)
	switch {
	case unsent:
		w.phase, w.err, w.held = settled, nil, nil
	case w.phase == sent:
		w.phase = closed
	}
}

// writerOf returns the writer of x, if a writer of its handler passes everything on
// to it at once, and whether another manager's handler is in between.
func writerOf(x committer, outer http.ResponseWriter) (w *writer, within bool) {
	for {
		if m, ok := outer.(interface{ self() *writer }); ok {
			if m.self().x == x {
				return m.self(), within
			}
			within = true
		}
		wrapper, wraps := outer.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return nil, false
		}
		outer = wrapper.Unwrap()
	}
}

func (w *writer) self() *writer { return w }

// Header returns the response's header. After the error handler's answer it is
// one that is not sent.
func (w *writer) Header() http.Header {
	if w.phase != failed {
		return w.ResponseWriter.Header()
	}
	if w.ignored == nil {
		w.ignored = w.ResponseWriter.Header().Clone()
	}
	return w.ignored
}

// WriteHeader begins the response, unless the status is informational: 1xx are
// sent at once, and the response is still to come. 101 is final.
func (w *writer) WriteHeader(status int) {
	switch {
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		if w.phase != failing && w.phase != failed {
			w.ResponseWriter.WriteHeader(status)
		}
		return
	case status == http.StatusRequestEntityTooLarge && w.r.ProtoMajor == 1 && w.phase == open:
		// As http.MaxBytesReader would, if it knew the server's writer.
		w.ResponseWriter.Header().Set("Connection", "close")
	}
	if w.holds() && status != http.StatusSwitchingProtocols {
		w.held.writeHeader(status)
	} else if w.begin() == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write, like the other writes, returns the commit's error if it failed.
func (w *writer) Write(p []byte) (int, error) {
	if w.holds() && w.held.fits(len(p)) {
		return w.held.Write(p)
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	if w.holds() {
		return w.Write([]byte(s))
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server's writer use sendfile.
func (w *writer) ReadFrom(src io.Reader) (n int64, err error) {
	if w.holds() {
		var all bool
		if n, all, err = w.held.readFrom(src); all {
			return n, err
		}
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	copied, err := io.Copy(w.ResponseWriter, src)
	return n + copied, err
}

// holds reports whether the response is still held back.
func (w *writer) holds() bool { return w.held != nil && w.phase == open }
