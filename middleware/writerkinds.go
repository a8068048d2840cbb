package middleware

import (
	"bufio"
	"net"
	"net/http"
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
