package middleware_test

import (
	"context"
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

// Fail for one of two managers answers once, and leaves the other's session alone.
func TestFailWithTwoManagers(t *testing.T) {
	t.Parallel()
	visits, err := middleware.New(memstore.New[visit](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "visits"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		around func(a *app, h http.Handler) http.Handler
	}{
		"the outer one": {func(a *app, h http.Handler) http.Handler { return a.Handler(visits.Handler(h)) }},
		"the inner one": {func(a *app, h http.Handler) http.Handler { return visits.Handler(a.Handler(h)) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			h := test.around(a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := middleware.Get[cart](r)
				v, err2 := middleware.Get[visit](r)
				if err != nil || err2 != nil {
					t.Error(err, err2)
					return
				}
				add(s)
				v.Update(func(v *visit) { v.Count++ })
				middleware.Fail[cart](w, r, errDown)
			}))
			w := httptest.NewRecorder()
			if aborts(func() { h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) }) || w.Code != http.StatusInternalServerError {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			var names []string
			for _, c := range w.Result().Cookies() {
				names = append(names, c.Name)
			}
			if len(names) != 1 || names[0] != "__Host-visits" {
				t.Errorf("cookies %v", names)
			}
		})
	}
}

// A failure within another manager's handler is answered once, also if the other
// session cannot be saved either.
func TestFailWithTwoManagersThatBothFail(t *testing.T) {
	t.Parallel()
	down := newStore()
	outer, answers := answering(t, down)
	inner, err := middleware.New[visit](unsaved{}, &middleware.Options{Cookie: middleware.Cookie{Name: "wishes"}, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	down.fail("Load", errDown)
	cookie := outer.visit(t, cart{Items: 1})
	h := outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := middleware.Get[visit](r)
		if err != nil {
			t.Error(err)
			return
		}
		s.Set(visit{1})
		_, err = middleware.Get[cart](r)
		middleware.Fail[cart](w, r, err)
		io.WriteString(w, ", but done")
	})))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	if aborts(func() { h.ServeHTTP(w, r) }) || *answers != 1 || w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" {
		t.Errorf("%d answers: %d %q", *answers, w.Code, w.Body)
	}
}

// unsaved is a store that saves nothing.
type unsaved struct{ session.Store[visit] }

func (unsaved) Save(context.Context, *session.Record[visit]) error         { return errDown }
func (unsaved) Delete(context.Context, session.ID, session.Revision) error { return errDown }

// Headers that make a proxy send a file, or a page follow a link, are not sent with
// an error.
func TestHeadersOfAFailedResponse(t *testing.T) {
	t.Parallel()
	dropped := []string{"X-Accel-Redirect", "X-Sendfile", "Hx-Redirect", "Hx-Push-Url", "Hx-Anything", "Location", "Content-Length", "Etag",
		"X-Litespeed-Location", "X-Ic-Redirect", "Trailer", "X-Sum", "X-Count"}
	for _, by := range []string{"commit", "Fail"} {
		t.Run(by, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, nil)
			a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				for _, name := range dropped {
					w.Header().Set(name, "1")
				}
				w.Header().Set("Trailer", "X-Sum, x-count")
				w.Header().Set("X-Frame-Options", "DENY")
				add(s)
				st.fail("Save", errDown)
				if by == "Fail" {
					middleware.Fail[cart](w, r, s.Commit(r.Context()))
				}
			})
			w := a.get("/x", "")
			for _, name := range dropped {
				if w.Header().Get(name) != "" {
					t.Errorf("%s is sent", name)
				}
			}
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("X-Frame-Options") != "DENY" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		})
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

func TestFail(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	a.handle("/order", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items = 0 })
		st.fail("Save", errDown)
		err := s.Commit(r.Context())
		st.fail("Save", nil)
		middleware.Fail[cart](w, r, err)
	})
	if w := a.get("/order", cookie); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	if c, _ := a.value(t, cookie); c.Items != 1 {
		t.Error("what was said to have failed was done after all")
	}
	w := httptest.NewRecorder()
	middleware.Fail[cart](w, httptest.NewRequest("GET", "/", nil), session.ErrGone)
	if w.Code != http.StatusConflict {
		t.Errorf("without middleware: %d", w.Code)
	}
}

// A handler that says that its session cannot be saved is believed, also when it
// has already said something else to the client.
func TestFailAfterTheFirstByte(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, a *app) http.Handler {
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, "done")
			s.Update(func(c *cart) { c.Customer = "ada" })
			middleware.Fail[cart](w, r, s.Commit(r.Context()))
			io.WriteString(w, ", really")
		})
		return a.Handler(a.mux)
	}, func(t *testing.T, a *app, c *http.Client, url string) {
		res, err := c.Get(url)
		if err != nil {
			return
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("the client is told %s %q", res.Status, body)
		}
	})
}

// Without a manager, there is nobody else to drop the changes.
func TestFailWithASessionOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := session.New(newStore(), nil)
	s.Update(func(c *cart) { c.Items++ })
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	middleware.Fail[cart](w, r.WithContext(middleware.NewContext(r.Context(), s)), session.ErrUnavailable)
	if w.Code != http.StatusServiceUnavailable || s.Modified() {
		t.Errorf("answered %d; still to be saved: %v", w.Code, s.Modified())
	}
}

// Inside http.TimeoutHandler the handler runs on a goroutine of its own, and may
// find the store silent at the very moment at which the other answers.
func TestFailInsideATimeoutHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a, answers := answering(t, st)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.Handle("/fail", http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			http.SetCookie(w, &http.Cookie{Name: cookieName, MaxAge: -1})
			middleware.Fail[cart](w, r, errDown)
			if r.URL.RawQuery != "" {
				<-r.Context().Done()
				time.Sleep(time.Second)
			}
		}), time.Minute, "timeout"))
		if w := a.get("/fail?hangs", cookie); w.Code != http.StatusInternalServerError || w.Body.String() != "sorry" {
			t.Errorf("a handler that fails and then hangs: %d %q", w.Code, w.Body)
		}
		time.Sleep(time.Second)
		if w := a.get("/fail", cookie); w.Body.String() != "sorry" || w.Header()["Content-Length"] != nil || w.Header()["Set-Cookie"] != nil ||
			w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q %v", w.Body, w.Header())
		}
		for path, timeout := range map[string]time.Duration{"/soon": time.Second, "/at-once": time.Minute} {
			a.mux.Handle(path, http.TimeoutHandler(middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) {
				t.Error("called")
			}), timeout, "timeout"))
		}
		st.delay = time.Hour
		for range 20 {
			if w := a.get("/soon", cookie); w.Code != http.StatusServiceUnavailable || w.Body.String() != "timeout" && w.Body.String() != "sorry" {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			synctest.Wait()
		}
		st.delay, *answers = 0, 0
		st.fail("Load", errDown)
		if w := a.get("/at-once", cookie); w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" || *answers != 1 {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}

// A session whose manager has no part in the failure is committed, and its token told.
func TestFailWithAnotherManagerWithin(t *testing.T) {
	t.Parallel()
	st := newStore()
	outer, answers := answering(t, st)
	inner, err := middleware.New(memstore.New[prefs](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "prefs"}})
	if err != nil {
		t.Fatal(err)
	}
	st.fail("Load", errDown)
	cookie := outer.visit(t, cart{Items: 1})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := middleware.Get[prefs](r)
		if err != nil {
			t.Error(err)
			return
		}
		p.Set(prefs{"dark"})
		_, err = middleware.Get[cart](r)
		middleware.Fail[cart](w, r, err)
	}))).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" || *answers != 1 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	lines := w.Result().Header["Set-Cookie"]
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "__Host-prefs=") {
		t.Errorf("cookies %q", lines)
	}
}

// wrappings are the ways in which programs wrap a writer between the manager and the
// handler that calls Fail.
var wrappings = map[string]func(http.ResponseWriter) http.ResponseWriter{
	"none":           func(w http.ResponseWriter) http.ResponseWriter { return w },
	"with Unwrap":    func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{w} },
	"without Unwrap": func(w http.ResponseWriter) http.ResponseWriter { return &statusWriter{ResponseWriter: w} },
	"both": func(w http.ResponseWriter) http.ResponseWriter {
		return unwrapper{&statusWriter{ResponseWriter: unwrapper{w}}}
	},
}

// Fail gives the error page alone, or breaks the response off, whatever the handler
// has wrapped around the writer. The error handler runs once at most.
func TestFailThroughWrappedWriters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		h        func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart])
		holdBack int
		broken   bool
	}{
		"before the first byte": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
			io.WriteString(w, "done")
		}, 0, false},
		"after the first byte": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, "done")
			middleware.Fail[cart](w, r, errDown)
			io.WriteString(w, ", really")
		}, 0, true},
		"held back": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, "done")
			middleware.Fail[cart](w, r, errDown)
			io.WriteString(w, ", really")
		}, 100, false},
		"held back, then too much": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, strings.Repeat("done", 100))
			middleware.Fail[cart](w, r, errDown)
		}, 100, true},
		"after a commit that failed": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			st.fail("Save", errDown)
			if _, err := io.WriteString(w, "done"); err == nil {
				t.Error("written")
			}
			middleware.Fail[cart](w, r, errDown)
		}, 0, false},
		"twice": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
			middleware.Fail[cart](w, r, errDown)
		}, 0, false},
		"without an error": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, nil)
		}, 0, false},
		"with a redirect": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
			http.Redirect(w, r, "/done", http.StatusSeeOther)
		}, 0, false},
		"on another goroutine": {func(st *store, w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			failed := make(chan bool)
			go func() { middleware.Fail[cart](w, r, errDown); close(failed) }()
			<-failed
			io.WriteString(w, "done")
		}, 0, false},
	} {
		for wrapping, wrap := range wrappings {
			t.Run(name+"/"+wrapping, func(t *testing.T) {
				st := newStore()
				answers := 0
				a := newApp(t, st, &middleware.Options{HoldBack: test.holdBack, ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
					answers++
					w.WriteHeader(http.StatusTeapot)
					io.WriteString(w, "sorry")
				}})
				cookie := a.visit(t, cart{Items: 1})
				a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
					add(s)
					test.h(st, wrap(w), r, s)
				})
				w := recorder()
				broken := aborts(func() { a.serve(w, "/x", cookie) })
				if broken != test.broken || !broken && (answers != 1 || w.Code != http.StatusTeapot || w.Body.String() != "sorry" || w.Header()["Location"] != nil) {
					t.Errorf("broken %v, %d answers, %d %.20q, %v", broken, answers, w.Code, w.Body, w.Header())
				}
				if broken && answers != 0 {
					t.Errorf("%d answers", answers)
				}
			})
		}
	}
}

// Code around the manager, such as a framework's error handler, may find out that
// something failed when the manager's handler has returned. The answer goes where
// that code writes.
func TestFailAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	for wrapping, wrap := range wrappings {
		for place, outside := range map[string]bool{"by the manager's writer": false, "by the server's": true} {
			t.Run(wrapping+"/"+place, func(t *testing.T) {
				a, answers := answering(t, newStore())
				cookie := a.visit(t, cart{Items: 1})
				var inner http.ResponseWriter
				var request *http.Request
				h := a.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { inner, request = w, r }))
				w, r := recorder(), httptest.NewRequest("GET", "/", nil)
				r.Header.Set("Cookie", cookie)
				h.ServeHTTP(w, r)
				to := inner
				if outside {
					to = w
				}
				s, _ := middleware.Get[cart](request)
				add(s)
				middleware.Fail[cart](wrap(to), request, session.ErrUnavailable)
				io.WriteString(inner, "done")
				if *answers != 1 || w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" {
					t.Errorf("%d answers, %d %q", *answers, w.Code, w.Body)
				}
				if c, _ := a.value(t, cookie); c.Items != 1 {
					t.Errorf("%d items", c.Items)
				}
			})
		}
	}
}
