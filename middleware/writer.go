package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
)

// A phase is how far a response has come.
type phase int

const (
	open     phase = iota // the handler runs, and nothing was sent
	settled               // the handler has returned and the session is committed; nothing was sent
	sent                  // the header was sent, and the handler runs
	closed                // the header was sent, and the handler has returned
	failed                // an error handler has answered; writes are dropped
	hijacked              // the connection is the handler's
)

// A writer is the response writer that handlers see. It commits the session before
// the first byte, and drops the handler's response if that fails.
type writer struct {
	http.ResponseWriter // the server's
	x                   committer
	r                   *http.Request // as the handler has it; nil after release
	line                requestLine   // of r, after release
	phase               phase
	err                 error       // of the commit, or given to Fail
	encoding            []string    // Content-Encoding as a compressor around the manager has set it
	ignored             http.Header // the handler's header after a failure
	answered            bool        // by Fail; a writer around the handler's may still have to write
	held                *held       // the body that is held back; nil if none is
}

// A committer is an exchange of any type.
type committer interface {
	commit(h http.Header, sent bool) error
	commitLate() error
	reopen()
	discard()
	abandon(h http.Header, sent bool)
	answer(w http.ResponseWriter, r *http.Request, err error)
	reject(w http.ResponseWriter, r *http.Request, err error)
	newRequest(line requestLine) *http.Request
}

// begin is called before something is sent. It returns an error if the handler's
// response is not to be sent.
func (w *writer) begin() error {
	switch w.phase {
	case failed:
		return w.err
	case sent, hijacked:
		return w.err
	case closed:
		if err := w.x.commitLate(); err != nil {
			w.phase, w.err = failed, err
			return err
		}
		return nil
	case settled:
		w.x.reopen()
	}
	if err := w.x.commit(w.ResponseWriter.Header(), true); err != nil {
		w.fail(err)
		return err
	}
	w.phase = sent
	return nil
}

// fail lets the error handler answer.
func (w *writer) fail(err error) {
	w.phase, w.err, w.held = failed, err, nil
	dropBody(w.ResponseWriter.Header(), w.encoding)
	w.x.answer(w.ResponseWriter, w.request(), err)
}

// finish is called when the handler has returned. It returns an error if a change
// after the first byte was not saved: then the response must be broken off.
func (w *writer) finish() error {
	switch w.phase {
	case open:
		begun := w.held.begun()
		if err := w.x.commit(w.ResponseWriter.Header(), begun); err != nil {
			w.fail(err)
			return nil
		}
		if w.phase = settled; begun {
			w.phase = closed
			w.held.send(w.ResponseWriter)
		}
	case sent:
		err := w.x.commitLate()
		w.phase = closed
		if w.err == nil {
			w.err = err
		}
		return w.err
	case hijacked:
		w.x.commitLate() // the client cannot be told of a failure, which is an event
	}
	return nil
}

// abandon is called when the handler has panicked.
func (w *writer) abandon() {
	switch w.phase {
	case open:
		w.x.abandon(w.ResponseWriter.Header(), false)
		w.phase, w.held = settled, nil
	case sent:
		w.x.abandon(w.ResponseWriter.Header(), true)
		w.phase = closed
	default:
		w.x.abandon(w.ResponseWriter.Header(), true)
	}
}

// release lets go of the request's body and form. Code around the manager may
// still write.
func (w *writer) release() {
	w.line = requestLine{w.r.Method, w.r.URL, w.r.Host, w.r.RemoteAddr}
	w.r = nil
}

// A requestLine is the part of a request that outlives its handler.
type requestLine struct {
	method string
	url    *url.URL
	host   string
	remote string
}

// request returns the request for an error handler. After release it has no body.
func (w *writer) request() *http.Request {
	if w.r != nil {
		return w.r
	}
	return w.x.newRequest(w.line)
}

// reject answers for a handler that called Fail. The answer goes through the
// handler's own writer, which may keep the response back, as that of
// http.TimeoutHandler does; then this writer is not asked for its phase, since it
// may be another goroutine's.
func (w *writer) reject(to http.ResponseWriter, r *http.Request, err error) {
	direct := w.leadsFrom(to)
	if direct {
		switch {
		case w.phase == failed, w.answered:
			return
		case w.phase != open && w.phase != settled:
			w.x.discard()
			w.err = err
			return
		}
		w.held, w.answered = nil, true
	}
	dropBody(to.Header(), nil)
	w.x.reject(to, r, err)
	if m, ok := to.(interface{ self() *writer }); ok && m.self() == w && w.phase == sent {
		w.phase, w.err = failed, err // no compressor in between has to end its answer
	}
}

// leadsFrom reports whether a writer passes everything on to w at once.
func (w *writer) leadsFrom(outer http.ResponseWriter) bool {
	for {
		if m, ok := outer.(interface{ self() *writer }); ok && m.self() == w {
			return true
		}
		wrapper, wraps := outer.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return false
		}
		outer = wrapper.Unwrap()
	}
}

func (w *writer) self() *writer { return w }

// Header returns the response's header. After a failure the handler's header is
// not sent.
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
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		if w.phase != failed {
			w.ResponseWriter.WriteHeader(status)
		}
		return
	}
	if w.holds() {
		w.held.writeHeader(status)
	} else if w.begin() == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write, like the other writes, returns the commit's error if it failed.
func (w *writer) Write(p []byte) (int, error) {
	if w.holds() && w.held.write(p) {
		return len(p), nil
	}
	if err := w.letGo(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	if w.holds() {
		return w.Write([]byte(s))
	}
	if err := w.letGo(); err != nil {
		return 0, err
	}
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server's writer use sendfile.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	if w.holds() {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	if err := w.letGo(); err != nil {
		return 0, err
	}
	return io.Copy(w.ResponseWriter, src)
}

// holds reports whether the response is still held back.
func (w *writer) holds() bool { return w.held != nil && w.phase == open }

// letGo begins the response and sends the held part.
func (w *writer) letGo() error {
	if err := w.begin(); err != nil {
		return err
	}
	if w.held != nil {
		w.held.send(w.ResponseWriter)
		w.held = nil
	}
	return nil
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is for [http.ResponseController]. It returns [http.ErrNotSupported]
// if the server's writer cannot flush.
func (w *writer) FlushError() error {
	_, flushes := capable[http.Flusher](w.ResponseWriter)
	_, fails := capable[interface{ FlushError() error }](w.ResponseWriter)
	if !flushes && !fails {
		return http.ErrNotSupported
	}
	if err := w.letGo(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.begin(); err != nil {
		return nil, nil, err
	}
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.phase = hijacked
	}
	return conn, rw, err
}

func (w *writer) push(target string, o *http.PushOptions) error {
	if p, ok := capable[http.Pusher](w.ResponseWriter); ok {
		return p.Push(target, o)
	}
	return http.ErrNotSupported
}

// CloseNotify is for frameworks that call it without a type assertion. If the
// server's writer has no CloseNotify, the channel never gets a value.
func (w *writer) CloseNotify() <-chan bool {
	if n, ok := capable[closeNotifier](w.ResponseWriter); ok {
		return n.CloseNotify()
	}
	return make(chan bool)
}

// closeNotifier is http.CloseNotifier, which is deprecated.
type closeNotifier interface{ CloseNotify() <-chan bool }

// capable returns the first of w and the writers that it wraps that is a C.
func capable[C any](w http.ResponseWriter) (c C, ok bool) {
	for {
		if c, ok = w.(C); ok {
			return c, true
		}
		wrapper, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return c, false
		}
		w = wrapper.Unwrap()
	}
}
