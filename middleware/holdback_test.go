package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

func TestHoldBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		write  func(w http.ResponseWriter)
		fails  bool // the late change
		status int
		body   string
		aborts bool
		cookie bool // for the late log-in
	}{
		"a late change is early": {func(w http.ResponseWriter) { w.WriteHeader(201); io.WriteString(w, "done") }, false, 201, "done", false, true},
		"a failure is an error":  {func(w http.ResponseWriter) { io.WriteString(w, "done") }, true, 503, "", false, false},
		"a status alone":         {func(w http.ResponseWriter) { w.WriteHeader(204) }, false, 204, "", false, true},
		"no response":            {func(w http.ResponseWriter) {}, false, 200, "", false, true},
		"up to the limit":        {func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat("x", 100)) }, false, 200, strings.Repeat("x", 100), false, true},
		"beyond the limit": {func(w http.ResponseWriter) {
			w.WriteHeader(201)
			io.WriteString(w, "ab")
			io.WriteString(w, strings.Repeat("x", 100))
		}, false, 201, "ab" + strings.Repeat("x", 100), true, false},
		"a flushed response": {func(w http.ResponseWriter) {
			io.WriteString(w, "ab")
			http.NewResponseController(w).Flush()
			io.WriteString(w, "c")
		}, false, 200, "abc", true, false},
		"a copied body":              {func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("copied")) }, false, 200, "copied", false, true},
		"a copied body beyond limit": {func(w http.ResponseWriter) { io.Copy(w, strings.NewReader(strings.Repeat("y", 101))) }, false, 200, strings.Repeat("y", 101), true, false},
		"a body in two parts":        {func(w http.ResponseWriter) { io.WriteString(w, "ab"); io.Copy(w, strings.NewReader("cd")) }, false, 200, "abcd", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, &middleware.Options{HoldBack: 100})
			cookie := a.visit(t, cart{Items: 1})
			a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				test.write(w)
				if test.fails {
					st.fail("Save", errDown)
				}
				s.LogIn(func(c *cart) { c.Customer = "ada" })
			})
			w := recorder()
			aborted := aborts(func() { a.serve(w, "/x", cookie) })
			if aborted != test.aborts || w.Code != test.status || test.status != 503 && w.Body.String() != test.body {
				t.Errorf("aborted %v, %d %q", aborted, w.Code, w.Body)
			}
			if got := setCookie(t, w); (got != "") != test.cookie {
				t.Errorf("cookie %q", got)
			}
		})
	}
}

// Only the part of a file that is held back is copied; the server's ReadFrom sends
// the rest.
func TestHoldBackLeavesTheRestToReadFrom(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{HoldBack: 100})
	text := strings.Repeat("0123456789", 50)
	w := &readerFrom{ResponseRecorder: recorder()}
	a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader(text)})
		if n != int64(len(text)) || err != nil {
			t.Errorf("copied %d, %v", n, err)
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if !w.used || w.Body.String() != text {
		t.Errorf("ReadFrom was called: %v, body %q", w.used, w.Body)
	}
}

// A response that is held back holds as many bytes as it says, whichever way they
// come, and begins with the first byte beyond.
func TestHoldBackHoldsTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 100
	for name, write := range map[string]func(w http.ResponseWriter, s string) (int64, error){
		"Write": func(w http.ResponseWriter, s string) (int64, error) {
			n, err := w.Write([]byte(s))
			return int64(n), err
		},
		"WriteString": func(w http.ResponseWriter, s string) (int64, error) {
			n, err := io.WriteString(w, s)
			return int64(n), err
		},
		"ReadFrom": func(w http.ResponseWriter, s string) (int64, error) {
			return w.(io.ReaderFrom).ReadFrom(struct{ io.Reader }{strings.NewReader(s)})
		},
		"Copy": func(w http.ResponseWriter, s string) (int64, error) { return io.Copy(w, strings.NewReader(s)) },
	} {
		for size, held := range map[int]bool{0: true, 1: true, limit - 1: true, limit: true, limit + 1: false, 2 * limit: false} {
			for _, first := range []int{0, 1, limit / 2} {
				a := newApp(t, newStore(), &middleware.Options{HoldBack: limit})
				w := recorder()
				text := strings.Repeat("x", size)
				a.Handler(http.HandlerFunc(func(inner http.ResponseWriter, r *http.Request) {
					first := min(first, size)
					io.WriteString(inner, text[:first])
					if n, err := write(inner, text[first:]); n != int64(size-first) || err != nil {
						t.Errorf("%s, %d bytes: %d, %v", name, size, n, err)
					}
					if (w.Body.Len() == 0) != held {
						t.Errorf("%s, %d after %d bytes: %d were sent", name, size-first, first, w.Body.Len())
					}
				})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if w.Body.String() != text {
					t.Errorf("%s, %d bytes: body %q", name, size, w.Body)
				}
			}
		}
	}
}

// The header that is sent is that of WriteHeader, as without HoldBack. Later ones are
// trailers.
func TestHoldBackSendsTheHeaderAsItWas(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]func(w http.ResponseWriter){
		"WriteHeader": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"Write":       func(w http.ResponseWriter) { io.WriteString(w, "body") },
		"Copy":        func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("body")) },
	} {
		t.Run(name, func(t *testing.T) {
			onServersWith(t, &middleware.Options{HoldBack: 100}, onApp(add, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				w.Header().Set("X-Before", "1")
				w.Header().Set("X-Deleted", "1")
				w.Header().Set("X-Changed", "1")
				h(w)
				w.Header().Del("X-Deleted")
				w.Header().Set("X-Changed", "2")
				w.Header().Set("X-After", "1")
				w.Header().Set("X-Sum", "7")
				w.Header().Set(http.TrailerPrefix+"X-More", "8")
			}), func(t *testing.T, a *app, c *http.Client, url string) {
				res, err := c.Get(url)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				got := [...]string{res.Header.Get("X-Before"), res.Header.Get("X-Deleted"), res.Header.Get("X-Changed"), res.Header.Get("X-After")}
				if want := [...]string{"1", "1", "1", ""}; got != want {
					t.Errorf("header %q, want %q", got, want)
				}
				if name != "WriteHeader" && (res.Trailer.Get("X-Sum") != "7" || res.Trailer.Get("X-More") != "8") {
					t.Errorf("trailer %v", res.Trailer)
				}
				stored(t, a, res)
			})
		})
	}
}

// Code around the manager finds the cookie in the header, and the handler's last say
// about the other headers.
func TestTheHeaderAfterAResponseThatWasHeldBack(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), &middleware.Options{HoldBack: 100})
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"})
		w.Header().Set("X-Changed", "1")
		io.WriteString(w, "done")
		w.Header().Set("X-Changed", "2")
		add(s)
	})
	w := a.get("/x", "")
	if h := w.Header(); len(h["Set-Cookie"]) != 2 || h.Get("X-Changed") != "2" || h.Get("Vary") != "Cookie" {
		t.Errorf("afterwards %v", h)
	}
	if h := w.Result().Header; len(h["Set-Cookie"]) != 2 || h.Get("X-Changed") != "1" {
		t.Errorf("sent %v", h)
	}
}
