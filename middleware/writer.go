package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// A writer is the response writer that handlers see. It commits the session
// before the first byte, and keeps back everything if that fails.
type writer struct {
	http.ResponseWriter // the server's
	commit              committer
	encoding            []string // Content-Encoding as a compressor around the manager has set it
	begun               bool     // the session was committed
	sent                bool     // something of the response was
	ended               bool     // the handler has returned
	hijacked            bool
	failed              error
	unread              http.Header // what the handler has for a header after that
}

// A committer is what a writer must know of an exchange.
type committer interface {
	begin(h http.Header, last bool) error
	again() error
	commitFailed(w http.ResponseWriter, err error)
}

// begin is called before something is sent. After an error the response is
// written, and not by the handler.
func (w *writer) begin() error {
	err := w.settle(true)
	w.sent = w.sent || err == nil
	return err
}

// settle commits the session if that was not done yet. If it is not the last
// chance to tell the client of a token, it may be done again: code around the
// manager, such as a framework's error handler, may change the session after
// the handler has returned, and write then.
func (w *writer) settle(last bool) error {
	var err error
	switch {
	case w.failed != nil:
		return w.failed
	case !w.begun, w.ended && !w.sent:
		err = w.commit.begin(w.Header(), last)
		w.begun = true // not if an edit panicked: the client may still have to be told of a token
	case w.ended:
		err = w.commit.again()
	}
	if err != nil {
		w.fail(err)
	}
	return err
}

// fail lets nothing more of the handler's through. If nothing was sent yet, the
// error handler answers.
func (w *writer) fail(err error) {
	if w.refuse(err) {
		w.commit.commitFailed(w.ResponseWriter, err)
	}
}

// refuse lets nothing more of the handler's through, and reports whether the
// response is still to be written.
func (w *writer) refuse(err error) bool {
	if w.failed != nil {
		return false
	}
	w.failed = err
	if w.sent {
		return false
	}
	dropBody(w.ResponseWriter.Header(), w.encoding)
	return true
}

// beneath reports whether the outer writer leads to w without keeping anything
// back. What managers on the way have to tell their clients is then in the header.
func (w *writer) beneath(outer http.ResponseWriter) bool {
	for {
		if m, ok := outer.(interface{ self() *writer }); ok {
			if m.self() == w {
				return true
			}
			m.self().settle(true)
		}
		wrapper, wraps := outer.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return false
		}
		outer = wrapper.Unwrap()
	}
}

func (w *writer) self() *writer { return w }

// Header returns the response's header. When the commit has failed, that is the
// error handler's, and the handler's own is not sent.
func (w *writer) Header() http.Header {
	if w.failed == nil || w.sent {
		return w.ResponseWriter.Header()
	}
	if w.unread == nil {
		w.unread = w.ResponseWriter.Header().Clone()
	}
	return w.unread
}

// WriteHeader begins the response, unless it is informational: 1xx go out at
// once, and the response is still to come. 101 is final.
func (w *writer) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		if w.failed == nil {
			w.ResponseWriter.WriteHeader(status)
		}
		return
	}
	if w.begin() == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write, like the other writes, returns the commit's error if it failed: what
// the handler has to say is not sent.
func (w *writer) Write(p []byte) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server's writer use sendfile.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return io.Copy(w.ResponseWriter, src)
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is for [http.ResponseController]. What the server's writer cannot
// do is [http.ErrNotSupported], here as there.
func (w *writer) FlushError() error {
	_, flushes := capable[http.Flusher](w.ResponseWriter)
	_, fails := capable[interface{ FlushError() error }](w.ResponseWriter)
	if !flushes && !fails {
		return http.ErrNotSupported
	}
	if err := w.begin(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.begin(); err != nil {
		return nil, nil, err
	}
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, rw, err
}

func (w *writer) push(target string, o *http.PushOptions) error {
	if p, ok := capable[http.Pusher](w.ResponseWriter); ok {
		return p.Push(target, o)
	}
	return http.ErrNotSupported
}

// CloseNotify is for frameworks that ask for it without looking. What the
// server's writer cannot tell is never told; [http.Request.Context] tells it.
func (w *writer) CloseNotify() <-chan bool {
	if n, ok := capable[closeNotifier](w.ResponseWriter); ok {
		return n.CloseNotify()
	}
	return make(chan bool)
}

// closeNotifier is http.CloseNotifier, which is deprecated.
type closeNotifier interface{ CloseNotify() <-chan bool }

// capable returns the first of w and what it wraps that is a C.
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

// wrap returns w as a type that is a Flusher, Hijacker and Pusher exactly if the
// server's writer is: handlers ask by type assertion.
func (w *writer) wrap() http.ResponseWriter {
	_, flushes := capable[http.Flusher](w.ResponseWriter)
	_, hijacks := capable[http.Hijacker](w.ResponseWriter)
	_, pushes := capable[http.Pusher](w.ResponseWriter)
	switch {
	case flushes && hijacks && pushes:
		return writerFHP{w}
	case flushes && hijacks:
		return writerFH{w}
	case flushes && pushes:
		return writerFP{w}
	case hijacks && pushes:
		return writerHP{w}
	case flushes:
		return writerF{w}
	case hijacks:
		return writerH{w}
	case pushes:
		return writerP{w}
	}
	return w
}

// Each of these is one pointer, so that making one allocates nothing.
type (
	writerF   struct{ *writer }
	writerH   struct{ *writer }
	writerP   struct{ *writer }
	writerFH  struct{ *writer }
	writerFP  struct{ *writer }
	writerHP  struct{ *writer }
	writerFHP struct{ *writer }
)

func (w writerF) Flush()   { w.FlushError() }
func (w writerFH) Flush()  { w.FlushError() }
func (w writerFP) Flush()  { w.FlushError() }
func (w writerFHP) Flush() { w.FlushError() }

func (w writerH) Hijack() (net.Conn, *bufio.ReadWriter, error)   { return w.hijack() }
func (w writerFH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w writerHP) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w writerFHP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w writerP) Push(target string, o *http.PushOptions) error   { return w.push(target, o) }
func (w writerFP) Push(target string, o *http.PushOptions) error  { return w.push(target, o) }
func (w writerHP) Push(target string, o *http.PushOptions) error  { return w.push(target, o) }
func (w writerFHP) Push(target string, o *http.PushOptions) error { return w.push(target, o) }
