package middleware_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestATokenThatAnEarlierCommitMadeIsToldInAnyCase(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Customer = "ada" })
		if err := s.Commit(r.Context()); err != nil {
			t.Error(err)
		}
		st.fail("Save", errDown)
		s.Update(func(c *cart) { c.Items++ })
		io.WriteString(w, "done")
	})
	w := a.get("/x", cookie)
	st.fail("Save", nil)
	if _, ok := a.value(t, cookie); !ok && setCookie(t, w) == "" {
		t.Errorf("%d: the old token is dead and the new one was not sent: the session is lost", w.Code)
	}
}

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

func TestAnErrorHandlerThatPanicsIsNoSuccess(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic("template") }})
	st.fail("Save", errDown)
	recovery := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "oops", 500)
			}
		}()
		a.mux.ServeHTTP(w, r)
	})
	server := httptest.NewServer(a.Handler(recovery))
	defer server.Close()
	res, err := http.Get(server.URL + "/add")
	if err != nil {
		return
	}
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode == 200 {
		t.Errorf("the save failed, the client is told %s %q", res.Status, body)
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

func TestObserveMayAskForTheSession(t *testing.T) {
	t.Parallel()
	st := newStore()
	o := &middleware.Options{Observe: func(ctx context.Context, e session.Event) {
		middleware.FromContext[cart](ctx) // e.g. to name the customer in a log line
	}}
	m, _ := middleware.New(session.Store[cart](st), o)
	h := m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {}))
	done := make(chan bool)
	go func() {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookieName+"=x")
		h.ServeHTTP(httptest.NewRecorder(), r)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Error("the request hangs for ever")
	}
}

func TestFailAnswersOnce(t *testing.T) {
	t.Parallel()
	st := newStore()
	n := 0
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		n++
		w.Header().Add("X-N", "1")
		middleware.DefaultErrorHandler(w, r, err)
	}})
	cookie := a.visit(t, cart{Items: 1})
	st.fail("Delete", errDown)
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Destroy()
		if err := s.Commit(r.Context()); err != nil {
			middleware.Fail[cart](w, r, err)
		}
	})
	w := a.get("/x", cookie)
	if n != 1 {
		t.Errorf("ErrorHandler called %d times, headers %v", n, w.Header())
	}
}

func TestHeaderNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Surrogate-Control", "cdn-cache-control", "", "X Session", "Cookie", "Set-Cookie", "a\r\nb", "Connection", "cache-control", "Content-Type", "Location"} {
		for way, transport := range map[string]middleware.Transport{"HeaderTransport": middleware.HeaderTransport(name), "CookieOrHeader": middleware.CookieOrHeader(name)} {
			if _, err := middleware.New(session.Store[cart](newStore()), &middleware.Options{Transport: transport}); err == nil {
				t.Errorf("%s(%q) is accepted", way, name)
			}
		}
	}
}

func TestANilStoreIsRefused(t *testing.T) {
	t.Parallel()
	var st *memstore.Store[cart]
	if _, err := middleware.New[cart](st, nil); err == nil {
		t.Error("a nil *memstore.Store is accepted")
	}
}

func TestANilHandlerIsRefused(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("Handle(nil) is found out with the first request only")
		}
	}()
	middleware.Handle[cart](nil)
}

func TestASessionThatIsFirstAskedForLateIsRefused(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	var first, again, loaded error
	a.mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		_, first = middleware.Get[cart](r)
		_, again = middleware.Get[cart](r)
	})
	a.mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) {
		middleware.Get[cart](r)
		io.WriteString(w, "begun")
		_, loaded = middleware.Get[cart](r)
	})
	a.get("/late", "")
	a.get("/early", "")
	if !errors.Is(first, session.ErrLate) || !errors.Is(again, session.ErrLate) || loaded != nil {
		t.Errorf("got %v, %v; after an early use %v", first, again, loaded)
	}
}

type prefs struct{ Theme string }

func TestAFailedResponseWithACookieIsNotCached(t *testing.T) {
	t.Parallel()
	st := newStore()
	outer := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(http.StatusNotFound) // any page of the application's own
	}})
	inner, err := middleware.New(memstore.New[prefs](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "prefs"}})
	if err != nil {
		t.Fatal(err)
	}
	st.fail("Save", errDown)
	h := outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := middleware.Get[cart](r)
		p, _ := middleware.Get[prefs](r)
		add(c)
		p.Set(prefs{"dark"})
		io.WriteString(w, "done")
	})))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	t.Log(w.Code, w.Header())
	if w.Header().Get("Set-Cookie") != "" && w.Header().Get("Cache-Control") == "" {
		t.Error("a response with a token may be cached")
	}
}

func TestResponsesShareNoHeader(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	rewriting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.Handler(a.mux).ServeHTTP(w, r)
		for i := range w.Header()["Vary"] {
			w.Header()["Vary"][i] = "Origin, " + w.Header()["Vary"][i] // an outer middleware
		}
	})
	rewriting.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/show", nil))
	if got := a.get("/show", "").Header().Get("Vary"); got != "Cookie" {
		t.Errorf("another response has Vary %q", got)
	}
}

func TestGetGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, nil)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
			st.delay = 500 * time.Millisecond
			go middleware.Get[cart](r)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, err := middleware.FromContext[cart](ctx); err == nil || time.Since(start) != 50*time.Millisecond {
				t.Errorf("error %v after %v with a context of 50ms", err, time.Since(start))
			}
		})
		a.get("/x", cookie)
		time.Sleep(time.Second) // the store is still at it
	})
}

// A response that says that something failed replaces no cookie of another
// request's log-in by the old one with a new signature.
func TestAFailureDoesNotIssueADeadTokenAnew(t *testing.T) {
	t.Parallel()
	for how, fail := range map[string]func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]){
		"commit": func(st *store, _ http.ResponseWriter, _ *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			st.fail("Save", errDown)
		},
		"Fail": func(_ *store, w http.ResponseWriter, r *http.Request, _ *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
		},
		"panic": func(*store, http.ResponseWriter, *http.Request, *session.Session[cart]) { panic(http.ErrAbortHandler) },
	} {
		st := newStore()
		cookie := setCookie(t, newApp(t, st, &middleware.Options{Secrets: [][]byte{oldSecret}}).get("/add", ""))
		a := newApp(t, st, &middleware.Options{Secrets: [][]byte{newSecret, oldSecret}})
		a.handle("/fail", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if setCookie(t, a.get("/login?as=ada", cookie)) == "" {
				t.Error("the log-in set no cookie")
			}
			fail(st, w, r, s)
		})
		r := httptest.NewRequest("GET", "/fail", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		func() {
			defer func() { recover() }()
			a.Handler(a.mux).ServeHTTP(w, r)
		}()
		if w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s: the response sets %q", how, w.Header()["Set-Cookie"])
		}
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
