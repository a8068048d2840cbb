package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A protocol is a way to talk to a handler over a network.
type protocol struct {
	name   string
	server func(h http.Handler) *httptest.Server
	client func(*httptest.Server) *http.Client
}

func tlsServer(http2 bool) func(http.Handler) *httptest.Server {
	return func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = http2
		s.StartTLS()
		return s
	}
}

var protocols = []protocol{
	{"HTTP/1.1", httptest.NewServer, (*httptest.Server).Client},
	{"HTTP/1.1 over TLS", tlsServer(false), (*httptest.Server).Client},
	{"HTTP/2", tlsServer(true), (*httptest.Server).Client},
	{"HTTP/2 without TLS", func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
		return s
	}, func(s *httptest.Server) *http.Client {
		t := &http.Transport{Protocols: new(http.Protocols)}
		t.Protocols.SetUnencryptedHTTP2(true)
		return &http.Client{Transport: t}
	}},
}

// swallowing is a recovery middleware that also recovers http.ErrAbortHandler.
func swallowing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { recover() }()
		h.ServeHTTP(w, r)
	})
}

// A client never gets a complete success for a change that was not stored, whatever
// the handler has sent before.
func TestALateFailureIsNoCompleteSuccess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("file ", 50_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	flush := func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }
	sends := map[string]func(w http.ResponseWriter, r *http.Request){
		"a body":         func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "done") },
		"a flushed body": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "done"); flush(w) },
		"a large body":   func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("done ", 50_000)) },
		"a declared length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "done")
			flush(w)
		},
		"a declared length in parts": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			for range 4 {
				w.Write([]byte("x"))
				flush(w)
			}
		},
		"a declared length of one": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1")
			w.Write([]byte("x"))
			flush(w)
		},
		"a declared length of nothing": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusOK)
			flush(w)
		},
		"a declared length after an empty copy": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "done")
			flush(w)
		},
		"HEAD that is handled as GET": func(w http.ResponseWriter, r *http.Request) {
			r.Method = http.MethodGet
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "done")
			flush(w)
		},
		"ServeContent": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("download"))
			flush(w)
		},
		"ServeFile": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/done", http.StatusSeeOther)
			flush(w)
		},
		"204": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent); flush(w) },
		"304": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified); flush(w) },
	}
	fails := map[string]func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]){
		"a change": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			st.fail("Save", errDown)
			add(s)
		},
		"Fail": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
		},
		"Fail by a wrapped writer": func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](&statusWriter{ResponseWriter: w}, r, errDown)
		},
	}
	arounds := map[string]func(http.Handler) http.Handler{
		"aborted": func(h http.Handler) http.Handler { return h }, "swallowed": swallowing,
	}
	for _, p := range protocols {
		for around, middle := range arounds {
			t.Run(p.name+"/"+around, func(t *testing.T) {
				t.Parallel()
				sites := http.NewServeMux()
				var paths []string
				cookies := map[string]string{}
				for sending, send := range sends {
					for failing, fail := range fails {
						st := newStore()
						a := newApp(t, st, nil)
						path := "/" + strings.ReplaceAll(sending+"/"+failing, " ", "-")
						paths = append(paths, path)
						cookies[path] = a.visit(t, cart{Items: 1})
						sites.Handle(path, middle(a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
							st.fail("Save", nil)
							send(w, r)
							fail(st, w, r, s)
						}))))
					}
				}
				server := p.server(sites)
				defer server.Close()
				client := p.client(server)
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				defer client.CloseIdleConnections()
				for _, path := range paths {
					for _, method := range []string{"GET", "HEAD", "POST"} {
						r, err := http.NewRequest(method, server.URL+path, nil)
						if err != nil {
							t.Fatal(err)
						}
						r.Header.Set("Cookie", cookies[path])
						res, err := client.Do(r)
						if err != nil {
							continue
						}
						body, err := io.ReadAll(res.Body)
						res.Body.Close()
						if res.StatusCode < 500 && err == nil {
							t.Errorf("%s %s: the client is told %s %.20q", method, path, res.Status, body)
						}
					}
				}
			})
		}
	}
}

// A statusWriter is how most programs learn the status for their logs.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// A change that is stored changes nothing about what the client gets.
func TestALateChangeLeavesTheResponseAsItIs(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 5_000)
	for name, test := range map[string]struct {
		send   func(w http.ResponseWriter, r *http.Request)
		status int
		body   string
	}{
		"ServeContent": {func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader(text))
		}, 200, text},
		"a declared length": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			if n, err := io.WriteString(w, "done"); n != 4 || err != nil {
				t.Error(n, err)
			}
		}, 200, "done"},
		"more than declared": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "done")
			if n, err := io.WriteString(w, "more"); n != 0 || err == nil {
				t.Error(n, err)
			}
		}, 200, "done"},
		"copied, more than declared": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			if n, err := io.Copy(w, strings.NewReader("done")); n != 4 || err != nil {
				t.Error(n, err)
			}
			if _, err := io.Copy(w, strings.NewReader("more")); err == nil {
				t.Error("no error")
			}
		}, 200, "done"},
		"204": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204); w.(http.Flusher).Flush() }, 204, ""},
	} {
		for _, p := range protocols {
			t.Run(name+"/"+p.name, func(t *testing.T) {
				a := newApp(t, newStore(), nil)
				a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					test.send(w, r)
					add(s)
				})
				server := p.server(a.Handler(a.mux))
				defer server.Close()
				client := p.client(server)
				cookie := a.visit(t, cart{Items: 1})
				r, _ := http.NewRequest("GET", server.URL, nil)
				r.Header.Set("Cookie", cookie)
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode != test.status || string(body) != test.body || err != nil {
					t.Errorf("%s %.20q, %v", res.Status, body, err)
				}
				if c, _ := a.value(t, cookie); c.Items != 2 {
					t.Errorf("%d items", c.Items)
				}
			})
		}
	}
}
