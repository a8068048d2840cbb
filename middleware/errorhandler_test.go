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

func TestAnErrorHandlerThatSaysNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}})
	st.fail("Save", errDown)
	if w := a.get("/add", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
}

func TestAnErrorHandlerThatSaysLittle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		status int
		body   string
	}{
		"hints only": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) }, http.StatusServiceUnavailable,
			"Service temporarily unavailable. Please try again.\n"},
		"a body":   {func(w http.ResponseWriter) { io.WriteString(w, "sorry") }, http.StatusOK, "sorry"},
		"a status": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) }, http.StatusTeapot, ""},
		"a flush":  {func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }, http.StatusOK, ""},
		"a deadline": {func(w http.ResponseWriter) {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusTeapot, ""},
	} {
		st := newStore()
		st.fail("Save", errDown)
		a := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { test.answer(w) }})
		server := httptest.NewServer(a.Handler(a.mux))
		res, err := http.Get(server.URL + "/add")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != test.status || string(body) != test.body || err != nil {
			t.Errorf("%s: %s %q, %v", name, res.Status, body, err)
		}
		res.Body.Close()
		server.Close()
	}
}

// The error handler may ask for the session, and has the request as the handler
// that failed had it. Its changes are not saved.
func TestAnErrorHandlerMayLookAtTheSession(t *testing.T) {
	t.Parallel()
	type key struct{}
	st := newStore()
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
		s, err := middleware.Get[cart](r)
		if err != nil || s.Value().Items != 1 {
			t.Errorf("%+v, %v", s.Value(), err)
		}
		st.fail("Save", nil)
		add(s)
		fmt.Fprint(w, r.Context().Value(key{}))
	}})
	cookie := a.visit(t, cart{Items: 1})
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		st.fail("Save", errDown)
		add(s)
		err := s.Commit(r.Context())
		middleware.Fail[cart](w, r.WithContext(context.WithValue(r.Context(), key{}, "request 7")), err)
	})
	if w := a.get("/", cookie); w.Body.String() != "request 7" {
		t.Errorf("%q", w.Body)
	}
	if c, _ := a.value(t, cookie); c.Items != 1 {
		t.Errorf("%d items", c.Items)
	}
}

// An error handler may use the library as any handler does. There is one answer, and
// it can read the session that there is.
func TestErrorHandlersThatUseTheSession(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, s *session.Session[cart]) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, s.Value().Items, " items")
	}
	const unavailable = "Service temporarily unavailable. Please try again.\n"
	type want struct {
		status int
		body   string
	}
	handlers := map[string]struct {
		handler  func(w http.ResponseWriter, r *http.Request, err error)
		up, down want
	}{
		"made by Handle": {func(w http.ResponseWriter, r *http.Request, err error) {
			middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { page(w, s) })(w, r)
		}, want{http.StatusTeapot, "1 items"}, want{http.StatusServiceUnavailable, unavailable}},
		"asks first": {func(w http.ResponseWriter, r *http.Request, _ error) {
			s, err := middleware.Get[cart](r)
			if err != nil {
				http.Error(w, "unknown", http.StatusBadGateway)
				return
			}
			page(w, s)
		}, want{http.StatusTeapot, "1 items"}, want{http.StatusBadGateway, "unknown\n"}},
		"calls Fail": {func(w http.ResponseWriter, r *http.Request, err error) { middleware.Fail[cart](w, r, err) },
			want{http.StatusServiceUnavailable, unavailable}, want{http.StatusServiceUnavailable, unavailable}},
		"calls Fail after its answer": {func(w http.ResponseWriter, r *http.Request, err error) {
			w.WriteHeader(http.StatusTeapot)
			middleware.Fail[cart](w, r, err)
		}, want{http.StatusTeapot, ""}, want{http.StatusTeapot, ""}},
	}
	causes := map[string]struct {
		h    func(st *store, w http.ResponseWriter, r *http.Request)
		down bool
	}{
		"a commit": {func(st *store, w http.ResponseWriter, r *http.Request) {
			s, err := middleware.Get[cart](r)
			if err != nil {
				t.Error(err)
				return
			}
			st.fail("Save", errDown)
			add(s)
		}, false},
		"a load": {func(st *store, w http.ResponseWriter, r *http.Request) {
			st.fail("Load", errDown)
			middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) { t.Error("called") })(w, r)
		}, true},
		"Fail without a session, the store up": {func(st *store, w http.ResponseWriter, r *http.Request) {
			middleware.Fail[cart](w, r, session.ErrUnavailable)
		}, false},
		"Fail without a session, the store down": {func(st *store, w http.ResponseWriter, r *http.Request) {
			st.fail("Load", errDown)
			middleware.Fail[cart](w, r, session.ErrUnavailable)
		}, true},
	}
	for name, handler := range handlers {
		for cause, test := range causes {
			t.Run(name+"/"+cause, func(t *testing.T) {
				st := newStore()
				calls := 0
				a := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
					calls++
					handler.handler(w, r, err)
				}})
				cookie := a.visit(t, cart{Items: 1})
				a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) { test.h(st, w, r) })
				want := handler.up
				if test.down {
					want = handler.down
				}
				if w := a.get("/x", cookie); calls != 1 || w.Code != want.status || w.Body.String() != want.body {
					t.Errorf("called %d times: %d %q", calls, w.Code, w.Body)
				} else if vary := w.Header()["Vary"]; strings.HasSuffix(w.Body.String(), "items") && len(vary) != 1 {
					t.Errorf("Vary %q", vary)
				}
			})
		}
	}
}

// An error handler that panics after its answer has answered: a recovery middleware
// adds nothing to it.
func TestAnErrorHandlerThatPanicsAfterItsAnswer(t *testing.T) {
	t.Parallel()
	st := newStore()
	st.fail("Save", errDown)
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "sorry")
		panic("template")
	}})
	w := recorder()
	var inner http.ResponseWriter
	func() {
		defer func() { recover() }()
		a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner = w
			a.mux.ServeHTTP(w, r)
		})).ServeHTTP(w, httptest.NewRequest("GET", "/add", nil))
	}()
	if io.WriteString(inner, "oops"); w.Code != http.StatusTeapot || w.Body.String() != "sorry" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
