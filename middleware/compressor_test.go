package middleware_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// compress is a compressor as gorilla/handlers has it: it announces the encoding
// before the handler runs, and ends the stream when the handler has returned.
func compress(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		stream := gzip.NewWriter(w)
		defer stream.Close()
		h.ServeHTTP(compressed{w, stream}, r)
	})
}

type compressed struct {
	http.ResponseWriter
	stream *gzip.Writer
}

func (c compressed) Write(p []byte) (int, error) { return c.stream.Write(p) }
func (c compressed) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// plain returns the body as a client reads it.
func plain(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	body := io.Reader(w.Body)
	if w.Header().Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("the client reads %q: %v", text, err)
	}
	return string(text)
}

// An error response is readable, whether a compressor is around the manager or
// within it, and ends the handler's response.
func TestAnErrorResponseBesideACompressor(t *testing.T) {
	t.Parallel()
	positions := map[string]func(a *app, h http.Handler) http.Handler{
		"around the manager": func(a *app, h http.Handler) http.Handler { return compress(a.Handler(h)) },
		"within the manager": func(a *app, h http.Handler) http.Handler { return a.Handler(compress(h)) },
		"both":               func(a *app, h http.Handler) http.Handler { return compress(a.Handler(compress(h))) },
	}
	handlers := map[string]func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]){
		"Fail": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, s.Commit(r.Context()))
		},
		"Fail, then a write": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, s.Commit(r.Context()))
			io.WriteString(w, ", but done")
		},
		"a write": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, "done")
		},
	}
	for place, around := range positions {
		for name, handler := range handlers {
			t.Run(name+", compressor "+place, func(t *testing.T) {
				st := newStore()
				a, _ := answering(t, st)
				h := around(a, middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					add(s)
					st.fail("Save", errDown)
					handler(st, w, r, s)
				}))
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if got := plain(t, w); w.Code != http.StatusServiceUnavailable || got != "sorry" {
					t.Errorf("%d %q", w.Code, got)
				}
			})
		}
	}
}
