package middleware

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// wrap returns w as a type that is a Flusher, Hijacker or Pusher if the server's
// writer is: handlers ask by type assertion.
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
	if w.keeps(http.StatusOK) && w.held.whole {
		w.held.begin(http.StatusOK, w.Header())
		w.held.flush = true
		return nil
	}
	if err := w.begin(http.StatusOK); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	begun, held := w.begun || w.held != nil && w.held.status != 0, w.held
	if err := w.begin(http.StatusSwitchingProtocols); err != nil {
		return nil, nil, err
	}
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	switch {
	case err == nil:
		w.x.hijack()
	case !begun: // nothing was sent: the handler answers in another way
		w.begun, w.held, w.last = false, held, lastByte{}
		w.x.reopen()
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
	if w.left {
		left := make(chan bool, 1)
		left <- true
		return left
	}
	if n, ok := capable[closeNotifier](w.ResponseWriter); ok {
		return n.CloseNotify()
	}
	return make(chan bool)
}

// clientGone reports whether the client has closed the connection. A canceled context
// alone does not tell: the server may be shutting down. A writer that cannot tell has
// a client.
func (w *writer) clientGone() bool {
	if n, ok := capable[closeNotifier](w.ResponseWriter); ok && !w.left {
		w.left = notices(n)
	}
	return w.left
}

// notices reports whether the server tells that the client has gone. Net/http panics
// instead if the server's handler has returned, as around code with a timeout of its own.
func notices(n closeNotifier) (left bool) {
	defer func() { left = recover() != nil || left }()
	select {
	case <-n.CloseNotify():
		return true
	case <-time.After(noticeWithin):
		return false
	}
}

// noticeWithin is how long a server may take to tell of a closed connection, from
// when it has canceled the request's context.
const noticeWithin = 10 * time.Millisecond

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
