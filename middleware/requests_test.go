package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
)

// Handlers call the writer in unusual orders, some of which net/http forbids. Each
// response is what it would be without a session, and the session is stored.
func TestSequencesOfWriterCalls(t *testing.T) {
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
	mustPanic("the same twice", carts.Handler(carts.Handler(carts.mux)), "cart is applied twice")
	mustPanic("the same twice, with another between", carts.Handler(between.Handler(carts.Handler(carts.mux))), "cart is applied twice")
	const header = "X-Session-Token"
	byHeader := newApp(t, newStore(), &middleware.Options{Transport: middleware.HeaderTransport(header)})
	byEither := newApp(t, newStore(), &middleware.Options{Transport: middleware.CookieOrHeader(header)})
	mustPanic("cookie and either", carts.Handler(byEither.Handler(carts.mux)), "cookie "+cookieName)
	mustPanic("header and either", byHeader.Handler(byEither.Handler(carts.mux)), "header "+header)
	mustPanic("cookie and header", carts.Handler(byHeader.Handler(carts.mux)), "<nil>")
}

func TestAVisit(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	w := a.get("/add", "")
	cookie := setCookie(t, w)
	if w.Body.String() != "added" || cookie == "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%q %v", w.Body, w.Header())
	}
	if w := a.get("/add", cookie); setCookie(t, w) != "" || w.Header().Get("Cache-Control") != "private" {
		t.Error("an update sends the cookie again")
	}
	w = a.get("/login?as=ada", cookie)
	renewed := setCookie(t, w)
	if renewed == "" || renewed == cookie || w.Code != http.StatusSeeOther {
		t.Fatalf("log-in: %d, cookie %q", w.Code, renewed)
	}
	if _, ok := a.value(t, cookie); ok {
		t.Error("the token from before the log-in works")
	}
	if c, _ := a.value(t, renewed); c.Items != 2 || c.Customer != "ada" {
		t.Errorf("after the log-in: %+v", c)
	}
	w = a.get("/logout", renewed)
	if line := w.Header().Get("Set-Cookie"); line != cookieName+"=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax" {
		t.Errorf("log-out sets %q", line)
	}
	if _, ok := a.value(t, renewed); ok || st.live(t) != 0 {
		t.Error("the session outlives the log-out")
	}
}

func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	cookie := a.visit(t, cart{Items: 1})
	server := httptest.NewServer(a.Handler(a.mux))
	defer server.Close()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			r, _ := http.NewRequest("POST", server.URL+"/add", nil)
			r.Header.Set("Cookie", cookie)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if body, _ := io.ReadAll(res.Body); string(body) != "added" {
				t.Errorf("%s %q", res.Status, body)
			}
		})
	}
	wg.Wait()
	if c, _ := a.value(t, cookie); c.Items != 51 {
		t.Errorf("%d items, want 51", c.Items)
	}
}
