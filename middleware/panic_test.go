package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
)

func TestATokenThatACommitMadeIsToldWhenTheHandlerPanics(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	cookie := a.visit(t, cart{Items: 1})
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Customer = "ada" })
		if err := s.Commit(r.Context()); err != nil {
			t.Error(err)
		}
		panic("template")
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("Cookie", cookie)
	func() {
		defer func() {
			if recover() != nil {
				http.Error(w, "oops", 500) // a recovery middleware around the manager
			}
		}()
		a.Handler(a.mux).ServeHTTP(w, r)
	}()
	if _, ok := a.value(t, cookie); !ok && setCookie(t, w) == "" {
		t.Error("the old token is dead and the new one was not sent: the session is lost")
	}
}

func TestAnEditThatPanicsWhenMadeAgainIsDropped(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	_ = cookie
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		n := 0
		s.Update(func(c *cart) {
			if n++; n == 2 {
				panic("replay")
			}
			c.Items += 10
		})
		o, _ := a.Open(r.Context(), strings.TrimPrefix(cookie, cookieName+"="))
		o.Update(func(c *cart) { c.Items++ })
		o.Commit(r.Context())
		io.WriteString(w, "done")
	})
	recovery := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "oops", 500)
			}
		}()
		a.mux.ServeHTTP(w, r)
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("Cookie", cookie)
	func() {
		defer func() { t.Log("recovered outside:", recover()) }()
		a.Handler(recovery).ServeHTTP(w, r)
	}()
	c, _ := a.value(t, cookie)
	t.Log(w.Code, w.Body, c)
	if w.Code == 500 && c.Items >= 12 {
		t.Error("the visitor was told 500 and the change was saved")
	}
}

// aborts reports whether do panics with http.ErrAbortHandler.
func aborts(do func()) (aborted bool) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			aborted = true
		} else if p != nil {
			panic(p)
		}
	}()
	do()
	return false
}

func TestPanics(t *testing.T) {
	t.Parallel()
	for _, value := range []any{"oops", http.ErrAbortHandler} {
		st := newStore()
		a := newApp(t, st, nil)
		panics := func(path, cookie string) (got any, w *httptest.ResponseRecorder) {
			w = httptest.NewRecorder()
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Cookie", cookie)
			defer func() { got = recover() }()
			a.Handler(a.mux).ServeHTTP(w, r)
			return nil, w
		}
		a.handle("/panic", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			panic(value)
		})
		a.handle("/panic-logout", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Destroy()
			s.Update(func(c *cart) { c.Notes = []string{"bye"} })
			panic(value)
		})
		cookie := a.visit(t, cart{Items: 1})
		if got, _ := panics("/panic", cookie); got != value {
			t.Errorf("panic %v became %v", value, got)
		}
		if c, _ := a.value(t, cookie); c.Items != 1 {
			t.Error("the changes of a handler that panicked were saved")
		}
		if got, _ := panics("/panic-logout", cookie); got != value {
			t.Errorf("panic %v became %v", value, got)
		}
		if st.live(t) != 0 {
			t.Error("a session that was destroyed before the panic lives")
		}
	}
}

// An edit that panics when the middleware makes it again takes nothing with it
// that an earlier commit has stored.
func TestATokenIsToldWhenAnEditPanics(t *testing.T) {
	t.Parallel()
	for name, recovers := range map[string]func(h http.Handler) http.Handler{
		"inside":  recovering,
		"outside": func(h http.Handler) http.Handler { return h },
	} {
		for _, write := range []bool{false, true} {
			a := newApp(t, newStore(), nil)
			cookie := a.visit(t, cart{Items: 1})
			a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.Update(func(c *cart) { c.Customer = "ada" })
				if err := s.Commit(r.Context()); err != nil {
					t.Error(err)
				}
				repeated := false
				s.Update(func(c *cart) {
					if repeated {
						panic("made again")
					}
					repeated = true
					c.Items++
				})
				token, _ := s.Token()
				other, err := a.Open(r.Context(), token.Reveal())
				if err != nil {
					t.Error(err)
				}
				other.Update(func(c *cart) { c.Notes = []string{"first"} })
				if err := other.Commit(r.Context()); err != nil {
					t.Error(err)
				}
				if write {
					io.WriteString(w, "done")
				}
			})
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", cookie)
			recovering(a.Handler(recovers(a.mux))).ServeHTTP(w, r)
			c, ok := a.value(t, setCookie(t, w))
			if !ok || c.Customer != "ada" || c.Items != 1 || w.Code != http.StatusInternalServerError {
				t.Errorf("recovered %s, write %v: %d, the visitor has %+v", name, write, w.Code, c)
			}
		}
	}
}

// recovering answers a panic with a 500.
func recovering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "oops", http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
}
