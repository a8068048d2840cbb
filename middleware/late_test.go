package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

func TestASessionThatIsFirstAskedForLateIsRefused(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.calls()
	var first, second, loaded error
	a.mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		_, first = middleware.Get[cart](r)
		_, second = middleware.Get[cart](r)
	})
	a.mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) {
		middleware.Get[cart](r)
		io.WriteString(w, "begun")
		_, loaded = middleware.Get[cart](r)
	})
	a.get("/late", cookie)
	if calls := st.calls(); calls != "" {
		t.Errorf("a session that is refused takes the calls %q", calls)
	}
	a.get("/early", "")
	if !errors.Is(first, session.ErrLate) || !errors.Is(second, session.ErrLate) || loaded != nil {
		t.Errorf("got %v, %v; after an early use %v", first, second, loaded)
	}
}

// A log-in after the first byte is refused, also if the commit before the first
// byte had something to save.
func TestALogInAfterASavedChange(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]func(w http.ResponseWriter, s *session.Session[cart]){
		"at the end": func(w http.ResponseWriter, s *session.Session[cart]) {
			io.WriteString(w, "begun")
			s.LogIn(func(c *cart) { c.Customer = "ada" })
		},
		"after two commits": func(w http.ResponseWriter, s *session.Session[cart]) {
			s.Commit(context.Background())
			s.Update(func(c *cart) { c.Items++ })
			io.WriteString(w, "begun")
			s.LogIn(func(c *cart) { c.Customer = "ada" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, newStore(), nil)
			cookie := a.visit(t, cart{Items: 1})
			a.handle("/work", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.Update(func(c *cart) { c.Items++ })
				handler(w, s)
			})
			if !aborts(func() { a.get("/work", cookie) }) {
				t.Error("the response is not broken off")
			}
			if c, ok := a.value(t, cookie); !ok || c.Customer != "" || c.Items < 2 {
				t.Errorf("the session is %+v, there %v", c, ok)
			}
		})
	}
}

// A goroutine of a handler that has returned without a write cannot log in, whether
// the handler had changed the session or not.
func TestALogInOfAGoroutineAfterTheHandler(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]bool{"unchanged": false, "changed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, newStore(), nil)
			cookie := a.visit(t, cart{Items: 1})
			var kept *session.Session[cart]
			a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				if kept = s; change {
					s.Update(func(c *cart) { c.Items++ })
				}
			})
			a.get("/", cookie)
			kept.LogIn(func(c *cart) { c.Customer = "ada" })
			if err := kept.Commit(t.Context()); !errors.Is(err, session.ErrLate) {
				t.Errorf("Commit: %v", err)
			}
			if _, ok := a.value(t, cookie); !ok {
				t.Error("the old session is gone")
			}
		})
	}
}

func TestASessionIsTouchedAtTheEndOfALongResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, newStore(), nil)
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/stream", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, "begun")
			time.Sleep(50 * time.Minute)
		})
		a.get("/stream", cookie)
		time.Sleep(50 * time.Minute)
		if _, ok := a.value(t, cookie); !ok {
			t.Error("the session of a response that took long ended soon after it")
		}
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

func TestChangesAfterTheFirstByte(t *testing.T) {
	t.Parallel()
	late := map[string]struct {
		change func(*session.Session[cart])
		want   cart
		abort  bool
	}{
		"update":  {func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items++ }) }, cart{Items: 2}, false},
		"log in":  {func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Customer = "ada" }) }, cart{Items: 1}, true},
		"renewal": {func(s *session.Session[cart]) { s.Renew() }, cart{Items: 1}, true},
	}
	for name, test := range late {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			cookie := a.visit(t, cart{Items: 1})
			a.handle("/late", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				fmt.Fprint(w, "begun")
				test.change(s)
			})
			aborted := aborts(func() { a.get("/late", cookie) })
			if aborted != test.abort || slices.Contains(a.kinds(), session.EventLate) != test.abort {
				t.Errorf("aborted %v, want %v", aborted, test.abort)
			}
			if c, _ := a.value(t, cookie); c.Items != test.want.Items || c.Customer != test.want.Customer {
				t.Errorf("stored %+v", c)
			}
		})
	}
	t.Run("new session", func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		a.mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
			s, err := middleware.Get[cart](r)
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(w, "begun")
			s.Update(func(c *cart) { c.Items++ })
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrLate) {
				t.Errorf("Commit: %v", err)
			}
		})
		if !aborts(func() { a.get("/late", "") }) || st.live(t) != 0 {
			t.Error("the response looks as if it were done")
		}
	})
	t.Run("log-out", func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/late", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			fmt.Fprint(w, "begun")
			s.Destroy()
		})
		a.get("/late", cookie)
		if st.live(t) != 0 {
			t.Error("not destroyed")
		}
	})
	t.Run("store down", func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/late", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			fmt.Fprint(w, "added")
			st.fail("Save", errDown)
			s.Update(func(c *cart) { c.Items++ })
		})
		if !aborts(func() { a.get("/late", cookie) }) {
			t.Error("the response says that it was done")
		}
	})
}
