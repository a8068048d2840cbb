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
