package middleware_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// onServers runs a test against real servers, over HTTP/1.1 and HTTP/2.
func onServers(t *testing.T, handler func(*testing.T, *app) http.Handler, test func(t *testing.T, a *app, c *http.Client, url string)) {
	t.Helper()
	onServersWith(t, nil, handler, test)
}

// bothWays are options that send a response as it comes, and that hold it back.
var bothWays = map[string]*middleware.Options{"at once": nil, "held back": {HoldBack: 100}}

func onServersWith(t *testing.T, o *middleware.Options, handler func(*testing.T, *app) http.Handler, test func(t *testing.T, a *app, c *http.Client, url string)) {
	t.Helper()
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			a := newApp(t, newStore(), o)
			server := httptest.NewUnstartedServer(handler(t, a))
			server.EnableHTTP2 = proto == "HTTP/2.0"
			server.StartTLS()
			defer server.Close()
			client := server.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			test(t, a, client, server.URL)
		})
	}
}

func onApp(change func(s *session.Session[cart]), h func(w http.ResponseWriter, r *http.Request)) func(*testing.T, *app) http.Handler {
	return func(t *testing.T, a *app) http.Handler {
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			change(s)
			h(w, r)
		})
		return a.Handler(a.mux)
	}
}

func add(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items++ }) }

// stored fails the test unless the response set a cookie whose session holds an item.
func stored(t *testing.T, a *app, res *http.Response) {
	t.Helper()
	lines := res.Header["Set-Cookie"]
	if len(lines) != 1 {
		t.Fatalf("%s: cookies %q", res.Status, lines)
	}
	pair, _, _ := strings.Cut(lines[0], ";")
	if c, _ := a.value(t, pair); c.Items != 1 {
		t.Errorf("%s: %d items are stored", res.Status, c.Items)
	}
}

func TestEveryWayToBegin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("file ", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		h    func(w http.ResponseWriter, r *http.Request)
		code int
		body string
	}{
		"nothing":     {func(w http.ResponseWriter, r *http.Request) {}, 200, ""},
		"WriteHeader": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) }, 201, ""},
		"Write":       {func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("body")) }, 200, "body"},
		"WriteString": {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, 200, "body"},
		"204":         {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, 204, ""},
		"304":         {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) }, 304, ""},
		"redirect":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusSeeOther) }, 303, ""},
		"Flush": {func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			io.WriteString(w, "body")
		}, 200, "body"},
		"FlushError": {func(w http.ResponseWriter, r *http.Request) {
			err := http.NewResponseController(w).Flush()
			if err != nil && r.Method != "HEAD" { // over HTTP/2, a response to HEAD has ended by then
				t.Error(err)
			}
		}, 200, ""},
		"Copy":      {func(w http.ResponseWriter, r *http.Request) { io.Copy(w, strings.NewReader("body")) }, 200, "body"},
		"ReadFrom":  {func(w http.ResponseWriter, r *http.Request) { w.(io.ReaderFrom).ReadFrom(strings.NewReader("body")) }, 200, "body"},
		"ServeFile": {func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }, 200, strings.Repeat("file ", 10_000)},
		"ServeContent": {func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("body"))
		}, 200, "body"},
		"103 first": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(200)
			io.WriteString(w, "body")
		}, 200, "body"},
		"deadline": {func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
			io.WriteString(w, "body")
		}, 200, "body"},
	} {
		for way, o := range bothWays {
			t.Run(name+", "+way, func(t *testing.T) {
				onServersWith(t, o, onApp(add, test.h), func(t *testing.T, a *app, c *http.Client, url string) {
					for _, method := range []string{"GET", "HEAD"} {
						r, _ := http.NewRequest(method, url+"/", nil)
						res, err := c.Do(r)
						if err != nil {
							t.Fatal(err)
						}
						body, err := io.ReadAll(res.Body)
						res.Body.Close()
						if err != nil || res.StatusCode != test.code {
							t.Errorf("%s: %d, %v", method, res.StatusCode, err)
						}
						if method == "GET" && test.body != "" && string(body) != test.body {
							t.Errorf("body %.50q, want %.50q", body, test.body)
						}
						stored(t, a, res)
					}
				})
			})
		}
	}
}

func TestEarlyHintsGoOutBeforeTheCommit(t *testing.T) {
	t.Parallel()
	hinted := make(chan http.Header, 1)
	onServers(t, func(t *testing.T, a *app) http.Handler {
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.WriteHeader(http.StatusEarlyHints)
			if s.Update(func(c *cart) { c.Items++ }); !s.IsNew() {
				t.Error("committed by a 103")
			}
		})
		return a.Handler(a.mux)
	}, func(t *testing.T, a *app, c *http.Client, url string) {
		r, _ := http.NewRequest("GET", url, nil)
		r = r.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error { hinted <- http.Header(h); return nil },
		}))
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if h := <-hinted; h["Set-Cookie"] != nil {
			t.Error("the cookie went out with the hints")
		}
		stored(t, a, res)
	})
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	go1 := make(chan bool)
	onServers(t, onApp(add, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			<-go1
		}
	}), func(t *testing.T, a *app, c *http.Client, url string) {
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		stored(t, a, res) // while the stream goes on
		lines := bufio.NewReader(res.Body)
		for i := range 3 {
			line, err := lines.ReadString('\n')
			if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
				t.Errorf("%q, %v", line, err)
			}
			lines.ReadString('\n')
			go1 <- true
		}
	})
}

// WebSocket libraries hijack a connection in one of two ways. The session's cookie
// is in w.Header(), which is sent with the upgrade response or given to the library.
func TestHijack(t *testing.T) {
	t.Parallel()
	by := func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) { return w.(http.Hijacker).Hijack() }
	upgrade := func(rw *bufio.ReadWriter, h http.Header) {
		io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n")
		h.Write(rw)
		io.WriteString(rw, "\r\n")
	}
	for name, test := range map[string]struct {
		hijack func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error)
		told   bool
	}{
		"header given to the library": {func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			given := w.Header() // before there is anything in it
			conn, rw, err := by(w)
			upgrade(rw, given)
			return conn, rw, err
		}, true},
		"controller": {func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			conn, rw, err := http.NewResponseController(w).Hijack()
			upgrade(rw, w.Header())
			return conn, rw, err
		}, true},
		"WriteHeader first": {func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "echo")
			w.WriteHeader(http.StatusSwitchingProtocols)
			return by(w)
		}, true},
		"a library that knows no headers": {func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			conn, rw, err := by(w)
			upgrade(rw, nil)
			return conn, rw, err
		}, false},
	} {
		for _, known := range []bool{false, true} {
			for way, o := range bothWays {
				t.Run(fmt.Sprintf("%s, session known: %v, %s", name, known, way), func(t *testing.T) {
					a := newApp(t, newStore(), o)
					var cookie string
					if known {
						cookie = a.visit(t, cart{Customer: "ada"})
					}
					returned := make(chan any, 1)
					a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
						add(s)
						conn, rw, err := test.hijack(w)
						if err != nil {
							t.Error(err)
							return
						}
						defer conn.Close()
						if s.IsNew() || s.Modified() {
							t.Error("not committed")
						}
						rw.Flush()
						line, _ := rw.ReadString('\n')
						rw.WriteString(line)
						rw.Flush()
						add(s)
						w.WriteHeader(http.StatusTeapot) // must do no harm
					})
					server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						defer func() { returned <- recover() }()
						a.Handler(a.mux).ServeHTTP(w, r)
					}))
					server.Config.ErrorLog = log.New(io.Discard, "", 0)
					defer server.Close()
					conn, err := net.Dial("tcp", server.Listener.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nCookie: %s\r\n\r\nping\n", cookie)
					br := bufio.NewReader(conn)
					res, err := http.ReadResponse(br, nil)
					if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
						t.Fatal(res, err)
					}
					if line, _ := br.ReadString('\n'); line != "ping\n" {
						t.Errorf("echoed %q", line)
					}
					if p := <-returned; p != nil {
						t.Errorf("panic %v", p)
					}
					if lines := res.Header["Set-Cookie"]; !known && test.told {
						cookie, _, _ = strings.Cut(strings.Join(lines, ""), ";")
					} else if lines != nil {
						t.Errorf("cookies %q", lines)
					}
					if c, _ := a.value(t, cookie); c.Items != 2 && (known || test.told) {
						t.Errorf("%d items are stored", c.Items)
					}
				})
			}
		}
	}
}

// A handler answers in another way if the connection cannot be taken over, as with a
// writer around the manager that has the method over HTTP/2 too. Nothing is lost by it.
func TestAHijackThatFailsBeginsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do     func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart])
		status int
		owner  string
		items  int
	}{
		"then a log-in": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.LogIn(func(c *cart) { c.Customer = "ada" })
			http.Error(w, "no upgrade", http.StatusUpgradeRequired)
		}, http.StatusUpgradeRequired, "ada", 2},
		"then Fail": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
		}, http.StatusInternalServerError, "", 2},
		"then a failure": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			st.fail("Save", errDown)
			add(s)
			w.WriteHeader(http.StatusNoContent)
		}, http.StatusServiceUnavailable, "", 2},
		"then a late failure": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			st.fail("Save", errDown)
			w.WriteHeader(http.StatusNoContent)
			w.(http.Flusher).Flush()
			add(s)
		}, http.StatusServiceUnavailable, "", 2},
		"then a session without changes": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusTeapot, "", 2},
	} {
		for way, o := range bothWays {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				st := newStore()
				a := newApp(t, st, o)
				a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					add(s)
					if _, _, err := w.(http.Hijacker).Hijack(); !errors.Is(err, errDown) {
						t.Errorf("Hijack: %v", err)
					}
					test.do(st, w, r, s)
				})
				w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
				cookie := a.visit(t, cart{Items: 1})
				r.Header.Set("Cookie", cookie)
				a.Handler(a.mux).ServeHTTP(struct {
					*httptest.ResponseRecorder
					hijacker
				}{ResponseRecorder: w}, r)
				st.fail("Save", nil)
				if set := setCookie(t, w); set != "" {
					cookie = set
				}
				if c, _ := a.value(t, cookie); w.Code != test.status || c.Items != test.items || c.Customer != test.owner {
					t.Errorf("status %d, the session is %+v", w.Code, c)
				}
			})
		}
	}
}

// A late change of a hijacked connection that cannot be saved is reported; there
// is no response to abort.
func TestALateFailureOfAHijackedConnection(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		if _, _, err := w.(http.Hijacker).Hijack(); err != nil {
			t.Error(err)
		}
		add(s)
		middleware.Fail[cart](w, r, s.Commit(r.Context()))
		add(s)
	})
	w := hijackable{ResponseRecorder: httptest.NewRecorder()}
	if aborts(func() { a.Handler(a.mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) }) {
		t.Error("aborted")
	}
	if !slices.Contains(a.kinds(), session.EventLate) {
		t.Error("not reported")
	}
}

type hijackable struct{ *httptest.ResponseRecorder }

func (hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

func TestTimeoutHandler(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		io.WriteString(w, "too late")
	}
	within := func(name string, test func(*testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
	within("outside", func(t *testing.T) {
		a := newApp(t, newStore(), nil)
		a.handle("/fast", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			io.WriteString(w, "ok")
		})
		a.handle("/slow", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { slow(w, r) })
		h := http.TimeoutHandler(a.Handler(a.mux), 50*time.Millisecond, "timeout")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/fast", nil))
		stored(t, a, w.Result())
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil))
		if w.Code != 503 || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	within("inside", func(t *testing.T) {
		a := newApp(t, newStore(), nil)
		a.mux.Handle("/fast", http.TimeoutHandler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			io.WriteString(w, "ok")
		}), time.Minute, "timeout"))
		a.mux.Handle("/slow", http.TimeoutHandler(http.HandlerFunc(slow), time.Millisecond, "timeout"))
		stored(t, a, a.get("/fast", "").Result())
		if w := a.get("/slow", ""); w.Code != 503 || w.Body.String() != "timeout" {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}

// The writer implements exactly the optional interfaces of the server's writer.
func TestTheWritersAbilities(t *testing.T) {
	t.Parallel()
	type able struct{ flush, hijack, push bool }
	abilities := func(w http.ResponseWriter) (a able) {
		_, a.flush = w.(http.Flusher)
		_, a.hijack = w.(http.Hijacker)
		_, a.push = w.(http.Pusher)
		return a
	}
	bare := struct{ http.ResponseWriter }{httptest.NewRecorder()}
	f, h, p := http.Flusher(httptest.NewRecorder()), hijacker{}, pusher{}
	for _, w := range []http.ResponseWriter{
		bare,
		struct {
			http.ResponseWriter
			http.Flusher
		}{bare, f},
		struct {
			http.ResponseWriter
			http.Hijacker
		}{bare, h},
		struct {
			http.ResponseWriter
			http.Pusher
		}{bare, p},
		struct {
			http.ResponseWriter
			http.Flusher
			http.Hijacker
		}{bare, f, h},
		struct {
			http.ResponseWriter
			http.Flusher
			http.Pusher
		}{bare, f, p},
		struct {
			http.ResponseWriter
			http.Hijacker
			http.Pusher
		}{bare, h, p},
		struct {
			http.ResponseWriter
			http.Flusher
			http.Hijacker
			http.Pusher
		}{bare, f, h, p},
	} {
		a := newApp(t, newStore(), nil)
		want := abilities(w)
		for name, outer := range map[string]http.ResponseWriter{"plain": w, "wrapped": unwrapper{w}} {
			a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := abilities(w); got != want {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
				}
				if _, ok := w.(io.ReaderFrom); !ok {
					t.Error("no ReaderFrom")
				}
				rc := http.NewResponseController(w)
				if _, _, err := rc.Hijack(); errors.Is(err, http.ErrNotSupported) == want.hijack {
					t.Errorf("%s: Hijack: %v", name, err)
				}
				if err := rc.Flush(); errors.Is(err, http.ErrNotSupported) == want.flush {
					t.Errorf("%s: Flush: %v", name, err)
				}
				if pusher, ok := w.(http.Pusher); ok {
					if err := pusher.Push("/", nil); !errors.Is(err, errDown) {
						t.Errorf("%s: Push: %v", name, err)
					}
				}
			})).ServeHTTP(outer, httptest.NewRequest("GET", "/", nil))
		}
	}
}

type hijacker struct{}

func (hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errDown }

type pusher struct{}

func (pusher) Push(string, *http.PushOptions) error { return errDown }

// An unwrapper hides what its writer can do from type assertions.
type unwrapper struct{ inner http.ResponseWriter }

func (u unwrapper) Header() http.Header         { return u.inner.Header() }
func (u unwrapper) Write(p []byte) (int, error) { return u.inner.Write(p) }
func (u unwrapper) WriteHeader(status int)      { u.inner.WriteHeader(status) }
func (u unwrapper) Unwrap() http.ResponseWriter { return u.inner }

// A call that the server's writer does not support begins no response: the handler
// can still log in.
func TestAFlushThatIsNotSupportedBeginsNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Flush: %v", err)
		}
		add(s)
		io.WriteString(w, "done")
	})
	w := httptest.NewRecorder()
	a.Handler(a.mux).ServeHTTP(struct{ http.ResponseWriter }{w}, httptest.NewRequest("GET", "/", nil))
	stored(t, a, w.Result())
}

// A client that sends too much and is told so has its connection closed, as without
// a manager.
func TestATooLargeRequestClosesTheConnection(t *testing.T) {
	t.Parallel()
	for way, o := range bothWays {
		t.Run(way, func(t *testing.T) {
			a := newApp(t, newStore(), o)
			a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 3)); err != nil {
					http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				}
			})
			server := httptest.NewServer(a.Handler(a.mux))
			defer server.Close()
			for body, closed := range map[string]bool{"abc": false, "abcd": true} {
				res, err := http.Post(server.URL, "text/plain", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if res.Body.Close(); res.Close != closed {
					t.Errorf("%q: %s, closed: %v", body, res.Status, res.Close)
				}
			}
		})
	}
}

// A writer may have FlushError alone.
func TestFlushError(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		add(s)
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, errDown) || s.IsNew() {
			t.Errorf("%v, new: %v", err, s.IsNew())
		}
	})
	w := httptest.NewRecorder()
	a.Handler(a.mux).ServeHTTP(flushErrorer{w}, httptest.NewRequest("GET", "/", nil))
	stored(t, a, w.Result())
}

type flushErrorer struct{ http.ResponseWriter }

func (flushErrorer) FlushError() error { return errDown }

func TestCloseNotify(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	notifies := closeNotifier{httptest.NewRecorder(), make(chan bool, 1)}
	notifies.closed <- true
	for outer, want := range map[http.ResponseWriter]bool{notifies: true, unwrapper{notifies}: true, httptest.NewRecorder(): false} {
		a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-w.(interface{ CloseNotify() <-chan bool }).CloseNotify():
				notifies.closed <- true
				if !want {
					t.Error("told of a close that nobody can know of")
				}
			default:
				if want {
					t.Error("not told")
				}
			}
		})).ServeHTTP(outer, httptest.NewRequest("GET", "/", nil))
	}
}

type closeNotifier struct {
	http.ResponseWriter
	closed chan bool
}

func (c closeNotifier) CloseNotify() <-chan bool { return c.closed }

// A file must go out by the server's own ReadFrom, which uses sendfile.
func TestReadFromReachesTheServersWriter(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	w := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
	a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if !w.used || w.Body.String() != "body" {
		t.Error("copied through a buffer")
	}
}

type readerFrom struct {
	*httptest.ResponseRecorder
	used bool
}

func (r *readerFrom) ReadFrom(src io.Reader) (int64, error) {
	r.used = true
	return io.Copy(struct{ io.Writer }{r.ResponseRecorder}, src)
}

// A source that fails before its first byte begins no response, so a handler can still
// answer the failure, and drop its changes.
func TestACopyThatFailsAtOnceBeginsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		src    io.Reader
		do     func(w http.ResponseWriter, r *http.Request, s *session.Session[cart])
		status int
		items  int
	}{
		"an error page": {iotest.ErrReader(errDown), func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Discard()
			http.Error(w, "no answer", http.StatusBadGateway)
		}, http.StatusBadGateway, 1},
		"Fail": {iotest.ErrReader(errDown), func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
		}, http.StatusInternalServerError, 1},
		"an empty source": {struct{ io.Reader }{strings.NewReader("")}, func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			http.NotFound(w, r)
		}, http.StatusNotFound, 2},
	} {
		for way, o := range bothWays {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				onServersWith(t, o, onApp(add, func(w http.ResponseWriter, r *http.Request) {
					if n, err := io.Copy(w, test.src); n != 0 || err != nil && !errors.Is(err, errDown) {
						t.Errorf("copied %d, %v", n, err)
					}
					s, _ := middleware.Get[cart](r)
					test.do(w, r, s)
				}), func(t *testing.T, a *app, c *http.Client, url string) {
					cookie := a.visit(t, cart{Items: 1})
					r, _ := http.NewRequest("GET", url, nil)
					r.Header.Set("Cookie", cookie)
					res, err := c.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					res.Body.Close()
					if c, _ := a.value(t, cookie); res.StatusCode != test.status || c.Items != test.items {
						t.Errorf("%s, the session is %+v", res.Status, c)
					}
				})
			})
		}
	}
}

// A file may grow after its length was declared. The client gets as much as was
// declared, to the last byte.
func TestASourceThatIsLongerThanDeclared(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 600, 100_000} {
		for _, declared := range []int{1, size - 1} {
			t.Run(fmt.Sprint(declared, " of ", size), func(t *testing.T) {
				t.Parallel()
				onServers(t, onApp(add, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(declared))
					n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader(strings.Repeat("x", size))})
					if n != int64(declared) || !errors.Is(err, http.ErrContentLength) {
						t.Errorf("copied %d, %v", n, err)
					}
				}), func(t *testing.T, a *app, c *http.Client, url string) {
					res, err := c.Get(url)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					if body, err := io.ReadAll(res.Body); err != nil || len(body) != declared {
						t.Errorf("%d bytes, %v", len(body), err)
					}
				})
			})
		}
	}
}

// The context of a request with a session is a context as any other.
func TestContext(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	type key struct{}
	cause := errors.New("cause")
	parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
	a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		child, stop := context.WithTimeout(r.Context(), time.Minute)
		defer stop()
		if child.Value(key{}) != "value" {
			t.Error("a value is lost")
		}
		if s, err := middleware.FromContext[cart](child); s == nil || err != nil {
			t.Error(err)
		}
		cancel(cause)
		<-child.Done()
		if !errors.Is(context.Cause(child), cause) {
			t.Error(context.Cause(child))
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(parent))
}

// Code around the manager may write after its handler has returned, and change
// the session before it does.
func TestChangesAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cookie bool
		fail   bool
		status int
		items  int
	}{
		"new session": {false, false, http.StatusTeapot, 1},
		"session":     {true, false, http.StatusTeapot, 2},
		"store down":  {true, true, http.StatusServiceUnavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, nil)
			var inner http.ResponseWriter
			var request *http.Request
			h := a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner, request = w, r
				if _, err := middleware.Get[cart](r); err != nil {
					t.Error(err)
				}
			}))
			r := httptest.NewRequest("GET", "/", nil)
			var cookie string
			if test.cookie {
				cookie = a.visit(t, cart{Items: 1})
				r.Header.Set("Cookie", cookie)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if test.fail {
				st.fail("Save", errDown)
			}
			s, _ := middleware.Get[cart](request)
			add(s)
			inner.WriteHeader(http.StatusTeapot)
			io.WriteString(inner, "noted")
			if w.Code != test.status || test.fail == strings.Contains(w.Body.String(), "noted") {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			if set := setCookie(t, w); !test.cookie {
				cookie = set
			}
			if c, _ := a.value(t, cookie); c.Items != test.items {
				t.Errorf("%d items, want %d", c.Items, test.items)
			}
		})
	}
}

// The end of a response is kept back until the handler returns, and not afterwards.
func TestCodeAroundSendsWholeResponses(t *testing.T) {
	t.Parallel()
	for name, panics := range map[string]bool{"after a return": false, "after a panic": true} {
		for way, o := range bothWays {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				a := newApp(t, newStore(), o)
				var inner http.ResponseWriter
				a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					if inner = w; panics {
						panic(errDown)
					}
					add(s)
				})
				h := swallowing(a.Handler(a.mux))
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(w, r)
					inner.Header().Set("Content-Length", "5")
					io.WriteString(inner, "sorry")
				}))
				defer server.Close()
				res, err := server.Client().Get(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if body, err := io.ReadAll(res.Body); err != nil || string(body) != "sorry" {
					t.Errorf("%q, %v", body, err)
				}
			})
		}
	}
}

// Such code may change the session after the response has begun. The change is
// saved if the code writes once more, also after a panic or an empty response.
func TestLateChangesAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ writes, panics bool }{
		"it wrote":                    {true, false},
		"it wrote and panicked":       {true, true},
		"it wrote nothing":            {false, false},
		"it panicked, without a word": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			var inner http.ResponseWriter
			var s *session.Session[cart]
			h := a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, of *session.Session[cart]) {
				inner, s = w, of
				if test.writes {
					io.WriteString(w, "begun")
				}
				if test.panics {
					panic(errDown)
				}
			}))
			cookie := a.visit(t, cart{Items: 1})
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			func() {
				defer func() { recover() }()
				h.ServeHTTP(w, r)
			}()
			if !test.writes {
				io.WriteString(inner, "begun")
			}
			add(s)
			io.WriteString(inner, ", noted")
			if c, _ := a.value(t, cookie); c.Items != 2 || w.Body.String() != "begun, noted" {
				t.Errorf("%d items, body %q", c.Items, w.Body)
			}
		})
	}
}

// A compressor around the manager goes on compressing what the error handler says.
func TestTheEncodingOfACompressorStays(t *testing.T) {
	t.Parallel()
	for _, around := range []string{"", "gzip"} {
		st := newStore()
		st.fail("Save", errDown)
		a := newApp(t, st, nil)
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			w.Header().Set("Content-Encoding", "br")
		})
		w := httptest.NewRecorder()
		if around != "" {
			w.Header().Set("Content-Encoding", around)
		}
		a.Handler(a.mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Header().Get("Content-Encoding"); got != around || w.Code != http.StatusServiceUnavailable {
			t.Errorf("%d, encoding %q, want %q", w.Code, got, around)
		}
	}
}

// A status that net/http panics about is the handler's panic, not a crash of the
// exchange, and the next request finds everything in order.
func TestAnInvalidStatus(t *testing.T) {
	t.Parallel()
	onServers(t, onApp(add, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(0)
		}
	}), func(t *testing.T, a *app, c *http.Client, url string) {
		if res, err := c.Get(url + "/bad"); err == nil {
			res.Body.Close()
			t.Errorf("%s", res.Status)
		}
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		stored(t, a, res)
	})
}

// Code around the manager may end the session that the handler began: a token that
// gives access to nothing is not sent.
func TestATokenOfASessionThatCodeAroundEndsIsNotSent(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"a new session": false, "a known one": true} {
		for _, panics := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				a := newApp(t, newStore(), nil)
				r := httptest.NewRequest("GET", "/", nil)
				if known {
					r.Header.Set("Cookie", a.visit(t, cart{Items: 1}))
				}
				var inner http.ResponseWriter
				var request *http.Request
				w := recorder()
				recovering(a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					inner, request = w, r
					s.LogIn(func(c *cart) { c.Customer = "ada" })
					if panics {
						s.Commit(r.Context())
					}
				}))).ServeHTTP(w, r)
				s, err := middleware.Get[cart](request)
				if err != nil {
					t.Fatal(err)
				}
				s.Destroy()
				http.Error(inner, "no", http.StatusForbidden)
				if c := setCookie(t, w); c != "" && c != cookieName+"=" || (c == "") == known {
					t.Errorf("%v: cookie %q", panics, c)
				}
			})
		}
	}
}
