package middleware

import (
	"io"
	"net/http"
	"strconv"
)

// A lastByte keeps the last byte of a body back, if the body's length is declared. A
// client has the whole response when it has that byte, although the handler may still
// change the session. If that change cannot be saved, the byte is never sent.
type lastByte struct {
	kept bool  // the length is declared, and the session was asked for
	left int64 // bytes of the body to come
	end  []byte
}

// keep looks at the header that is sent next.
func (l *lastByte) keep(w *writer, used bool) {
	if !used || w.head || w.returned {
		return
	}
	if length := declaredLength(w.Header()); length > 0 {
		l.kept, l.left = true, length
	}
}

// declaredLength returns the length of the body that the header declares, or -1.
func declaredLength(h http.Header) int64 {
	if lines := h["Content-Length"]; len(lines) > 0 {
		if n, err := strconv.ParseInt(lines[0], 10, 64); err == nil && n >= 0 {
			return n
		}
	}
	return -1
}

// write writes p to the server's writer, but for the last byte.
func (l *lastByte) write(w io.Writer, p []byte) (n int, err error) {
	size := int64(len(p))
	switch {
	case !l.kept || size < l.left:
		n, err = w.Write(p)
		l.left -= int64(n)
		return n, err
	case size > l.left: // the server would refuse it, too
		if size > 0 {
			l.left = 0
		}
		return 0, http.ErrContentLength
	case size == 0:
		return 0, nil
	}
	if size > 1 {
		if n, err = w.Write(p[:size-1]); err != nil {
			return n, err
		}
	}
	l.left, l.end = 0, []byte{p[size-1]}
	return len(p), nil
}

// copy copies src to the server's writer, which may use sendfile for all but the last
// byte.
func (l *lastByte) copy(w io.Writer, src io.Reader) (n int64, err error) {
	if !l.kept {
		return io.Copy(w, src)
	}
	if room := l.left - 1; room > 0 {
		most := io.LimitedReader{R: src, N: room}
		outer, limited := src.(*io.LimitedReader)
		if limited { // the server knows sendfile for one limit, not for two
			most = io.LimitedReader{R: outer.R, N: min(outer.N, room)}
		}
		n, err = io.Copy(w, &most)
		l.left -= n
		if limited {
			outer.N -= n
		}
		if err != nil || l.left > 1 {
			return n, err
		}
	}
	m, err := io.Copy(writing{w, l}, src)
	return n + m, err
}

// writing writes by lastByte.write, and as much as was declared of a source that has
// more. Such a source may be a file that has grown since its length was declared.
type writing struct {
	w io.Writer
	l *lastByte
}

func (w writing) Write(p []byte) (int, error) {
	if int64(len(p)) <= w.l.left {
		return w.l.write(w.w, p)
	}
	n, err := w.l.write(w.w, p[:w.l.left])
	if err == nil {
		err = http.ErrContentLength
	}
	return n, err
}

// send sends the byte that was kept.
func (l *lastByte) send(w io.Writer) {
	if l.end != nil {
		w.Write(l.end) // a failed write shows at the server
		l.end = nil
	}
}
