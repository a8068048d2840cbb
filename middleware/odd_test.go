package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// What is odd, but allowed, or forbidden by net/http and done all the same. Each
// response is what it would be without a session, and the session is stored.
func TestOddSequences(t *testing.T) {
	t.Parallel()
	type request = func(r *http.Request)
	for name, test := range map[string]struct {
		ask   request
		h     func(w http.ResponseWriter, r *http.Request)
		code  int
		body  string
		check func(res *http.Response) bool
	}{
		"WriteHeader twice": {nil, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusCreated, "", nil},
		"WriteHeader after Write": {nil, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "body")
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusOK, "body", nil},
		"an empty Write": {nil, func(w http.ResponseWriter, r *http.Request) {
			w.Write(nil)
			io.WriteString(w, "body")
		}, http.StatusOK, "body", nil},
		"a body to a 204": {nil, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "body"); err != http.ErrBodyNotAllowed {
				t.Errorf("write returns %v", err)
			}
		}, http.StatusNoContent, "", nil},
		"many hints": {nil, func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				w.WriteHeader(http.StatusEarlyHints)
			}
			io.WriteString(w, "body")
		}, http.StatusOK, "body", nil},
		"a trailer that is announced": {nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "7")
		}, http.StatusOK, "body", func(res *http.Response) bool { return res.Trailer.Get("X-Sum") == "7" }},
		"a trailer that is not": {nil, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
			w.Header().Set(http.TrailerPrefix+"X-Sum", "7")
		}, http.StatusOK, "body", func(res *http.Response) bool { return res.Trailer.Get("X-Sum") == "7" }},
		"a range": {func(r *http.Request) { r.Header.Set("Range", "bytes=1-2") }, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("body"))
		}, http.StatusPartialContent, "od", func(res *http.Response) bool { return res.Header.Get("Content-Range") == "bytes 1-2/4" }},
		"a range beyond the end": {func(r *http.Request) { r.Header.Set("Range", "bytes=7-9") }, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("body"))
		}, http.StatusRequestedRangeNotSatisfiable, "invalid range: failed to overlap\n", nil},
		"not modified": {func(r *http.Request) { r.Header.Set("If-None-Match", `"x"`) }, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"x"`)
			http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("body"))
		}, http.StatusNotModified, "", nil},
		"Expect: 100-continue": {func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader("body")), 4
			r.Header.Set("Expect", "100-continue")
		}, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }, http.StatusOK, "body", nil},
		"a request body too large": {func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader("body")), 4
		}, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 3)); err != nil {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			}
		}, http.StatusRequestEntityTooLarge, "too large\n", nil},
		"full duplex": {func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader("body")), 4
		}, func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil && r.ProtoMajor == 1 {
				t.Error(err)
			}
			io.WriteString(w, "some")
			io.Copy(w, r.Body)
		}, http.StatusOK, "somebody", nil},
		"a large header": {nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 200_000))
		}, http.StatusOK, "", func(res *http.Response) bool { return len(res.Header.Get("X-Large")) == 200_000 }},
		"a cloned request": {nil, func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(context.WithValue(r.Context(), new(int), "value"))
			s, err := middleware.Get[cart](r)
			if err != nil || s.Value().Items != 1 {
				t.Error(err)
			}
		}, http.StatusOK, "", nil},
		"a commit, then more edits": {nil, func(w http.ResponseWriter, r *http.Request) {
			s, _ := middleware.Get[cart](r)
			if err := s.Commit(r.Context()); err != nil {
				t.Error(err)
			}
			s.Update(func(c *cart) { c.Notes = append(c.Notes, "more") })
			if err := s.Commit(r.Context()); err != nil {
				t.Error(err)
			}
			s.Update(func(c *cart) { c.Customer = "ada" })
			io.WriteString(w, "body")
			s.Update(func(c *cart) { c.Notes = append(c.Notes, "late") })
		}, http.StatusOK, "body", nil},
		"a push where there is none": {nil, func(w http.ResponseWriter, r *http.Request) {
			if p, ok := w.(http.Pusher); ok {
				if p.Push("/style.css", nil) == nil {
					t.Error("pushed to a client that does not want it")
				}
			}
			io.WriteString(w, "body")
		}, http.StatusOK, "body", nil},
	} {
		for way, o := range bothWays {
			t.Run(name+", "+way, func(t *testing.T) {
				onServersWith(t, o, onApp(add, test.h), func(t *testing.T, a *app, c *http.Client, url string) {
					c.Transport.(*http.Transport).MaxResponseHeaderBytes = 1 << 20
					c.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
					r, _ := http.NewRequest("GET", url+"/", nil)
					if test.ask != nil {
						test.ask(r)
					}
					res, err := c.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					body, err := io.ReadAll(res.Body)
					if res.StatusCode != test.code || string(body) != test.body || err != nil {
						t.Errorf("%s %q, %v", res.Status, body, err)
					}
					if test.check != nil && !test.check(res) {
						t.Errorf("%v, trailer %v", res.Header, res.Trailer)
					}
					stored(t, a, res)
				})
			})
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

// A handler's goroutine may hold on to the session, and commit it itself.
func TestASessionUsedAfterTheResponse(t *testing.T) {
	t.Parallel()
	committed := make(chan error)
	onServers(t, onApp(add, func(w http.ResponseWriter, r *http.Request) {
		s, _ := middleware.Get[cart](r)
		io.WriteString(w, "body")
		go func() {
			<-r.Context().Done()
			s.Update(func(c *cart) { c.Notes = []string{"afterwards"} })
			err := s.Commit(context.WithoutCancel(r.Context()))
			s.Renew()
			committed <- err
			committed <- s.Commit(context.WithoutCancel(r.Context()))
		}()
	}), func(t *testing.T, a *app, c *http.Client, url string) {
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if err := <-committed; err != nil {
			t.Error(err)
		}
		if err := <-committed; err == nil || !strings.Contains(err.Error(), session.ErrLate.Error()) {
			t.Errorf("a token that nobody can be told of: %v", err)
		}
		pair, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
		if c, _ := a.value(t, pair); len(c.Notes) != 1 {
			t.Errorf("stored %+v", c)
		}
	})
}

// A panic of the error handler's is an error for the client, and the server's log
// has it.
func TestAPanicInTheErrorHandler(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	st := newStore()
	st.fail("Save", errDown)
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic("template") }})
	server := httptest.NewUnstartedServer(a.Handler(a.mux))
	server.Config.ErrorLog = log.New(&logged, "", 0)
	server.Start()
	if res, err := http.Get(server.URL + "/add"); err == nil {
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(body), "added") {
			t.Errorf("%s %q", res.Status, body)
		}
	}
	server.Close()
	if !strings.Contains(logged.String(), "template") {
		t.Errorf("log %q", logged.String())
	}
}

// Managers of three types, of which the outermost and the innermost share a cookie.
func TestManagersThatShareAPlace(t *testing.T) {
	t.Parallel()
	mustPanic := func(name string, h http.Handler, want string) {
		defer func() {
			if text := fmt.Sprint(recover()); !strings.Contains(text, want) {
				t.Errorf("%s: panic %q, want …%s…", name, text, want)
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	carts := newApp(t, newStore(), nil)
	between, err := middleware.New(newWishes(), &middleware.Options{Cookie: middleware.Cookie{Name: "wishes"}})
	if err != nil {
		t.Fatal(err)
	}
	mustPanic("with another between", carts.Handler(between.Handler(newApp(t, newStore(), nil).Handler(carts.mux))), "cookie "+cookieName)
	mustPanic("the same twice", carts.Handler(carts.Handler(carts.mux)), "cookie "+cookieName)
	const header = "X-Session-Token"
	byHeader := newApp(t, newStore(), &middleware.Options{Transport: middleware.HeaderTransport(header)})
	byEither := newApp(t, newStore(), &middleware.Options{Transport: middleware.CookieOrHeader(header)})
	mustPanic("cookie and either", carts.Handler(byEither.Handler(carts.mux)), "cookie "+cookieName)
	mustPanic("header and either", byHeader.Handler(byEither.Handler(carts.mux)), "header "+header)
	mustPanic("cookie and header", carts.Handler(byHeader.Handler(carts.mux)), "<nil>")
}
