package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		session.ErrGone:        http.StatusConflict,
		session.ErrUnavailable: http.StatusServiceUnavailable,
		session.ErrConflict:    http.StatusServiceUnavailable,
		session.ErrTooLarge:    http.StatusInternalServerError,
		session.ErrLate:        http.StatusInternalServerError,
		session.ErrNoSession:   http.StatusInternalServerError,
		errDown:                http.StatusInternalServerError,
	} {
		w := httptest.NewRecorder()
		middleware.DefaultErrorHandler(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("cause: %w", err))
		retry := w.Header().Get("Retry-After") != ""
		if w.Code != want || retry != (want == http.StatusServiceUnavailable) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %d %v", err, w.Code, w.Header())
		}
		if body := w.Body.String(); body == "" || strings.Contains(body, "cause") || strings.Contains(body, err.Error()) {
			t.Errorf("%v: body %q", err, body)
		}
	}
}

// answering returns an app whose error handler says "sorry", and counts.
func answering(t *testing.T, st *store) (a *app, answers *int) {
	t.Helper()
	answers = new(int)
	a = newApp(t, st, &middleware.Options{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		*answers++
		w.WriteHeader(middleware.Status(err))
		io.WriteString(w, "sorry")
	}})
	return a, answers
}

// A handler that looks at its errors finds the commit's failure twice: when it
// writes, and when it commits. There is one answer all the same.
func TestAFailureIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	write := func(w http.ResponseWriter) error { _, err := io.WriteString(w, "done"); return err }
	for name, h := range map[string]func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]){
		"write, then Fail": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, write(w))
		},
		"write, then commit, then Fail": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			write(w)
			s.Update(func(c *cart) { c.Items++ })
			middleware.Fail[cart](w, r, s.Commit(r.Context()))
		},
		"Fail twice": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			err := s.Commit(r.Context())
			middleware.Fail[cart](w, r, err)
			middleware.Fail[cart](w, r, err)
		},
		"Fail, then write": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, s.Commit(r.Context()))
			if err := write(w); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("write returns %v", err)
			}
		},
		"write, then http.Error": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			if err := write(w); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
			}
		},
		"hints, then write, then hints": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.WriteHeader(http.StatusEarlyHints)
			write(w)
			w.WriteHeader(http.StatusEarlyHints)
		},
	} {
		st := newStore()
		a, answers := answering(t, st)
		st.fail("Save", errDown)
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			h(w, r, s)
		})
		w := &statuses{ResponseRecorder: httptest.NewRecorder()}
		a.Handler(a.mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if *answers != 1 || w.Code != http.StatusServiceUnavailable || w.Body.String() != "sorry" || len(w.final) != 1 || w.afterwards {
			t.Errorf("%s: %d answers: %v %q", name, *answers, w.final, w.Body)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

// statuses records every status that reaches the server's writer.
type statuses struct {
	*httptest.ResponseRecorder
	final      []int
	afterwards bool // an informational one came after the final
}

func (s *statuses) WriteHeader(status int) {
	if status < 200 {
		s.afterwards = len(s.final) > 0
		return
	}
	s.final = append(s.final, status)
	s.ResponseRecorder.WriteHeader(status)
}

// After the answer the client cannot be told of a token.
func TestALogInAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"a session in use": true, "a session asked for then": false} {
		st := newStore()
		a, _ := answering(t, st)
		cookie := a.visit(t, cart{Items: 1})
		a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if early {
				s, err := middleware.Get[cart](r)
				if err != nil {
					t.Error(err)
					return
				}
				add(s)
				st.fail("Save", errDown)
				io.WriteString(w, "done")
				st.fail("Save", nil)
			} else {
				middleware.Fail[cart](w, r, errDown)
			}
			s, err := middleware.Get[cart](r)
			if err == nil {
				s.Update(func(c *cart) { c.Customer = "ada" })
				err = s.Commit(r.Context())
			}
			if !errors.Is(err, session.ErrLate) {
				t.Errorf("%s: got %v", name, err)
			}
		})
		if w := a.get("/", cookie); w.Body.String() != "sorry" {
			t.Errorf("%s: %q", name, w.Body)
		}
		if c, _ := a.value(t, cookie); c.Items != 1 || c.Customer != "" {
			t.Errorf("%s: the visitor has %+v", name, c)
		}
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

// By then the error handler has nothing to say any more.
func TestNoAnswerAfterTheFirstByte(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]){
		"a late change": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) { add(s) },
		"Fail": func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			middleware.Fail[cart](w, r, errDown)
			add(s)
			if _, err := io.WriteString(w, ", really"); !errors.Is(err, errDown) {
				t.Errorf("write returns %v", err)
			}
		},
	} {
		st := newStore()
		a, answers := answering(t, st)
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			io.WriteString(w, "done")
			st.fail("Save", errDown)
			late(w, r, s)
		})
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		aborted := aborts(func() { a.Handler(a.mux).ServeHTTP(w, r) })
		if !aborted || *answers != 0 || w.Code != http.StatusOK || w.Body.String() != "done" {
			t.Errorf("%s: aborted %v, %d answers, %d %q", name, aborted, *answers, w.Code, w.Body)
		}
	}
}

// What the client was told before a late change failed must not look complete.
func TestALateFailureOverTheWire(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, a *app) http.Handler {
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "done")
			s.Update(func(c *cart) { c.Customer = "ada" })
		})
		return a.Handler(a.mux)
	}, func(t *testing.T, a *app, c *http.Client, url string) {
		if res, err := c.Get(url); err == nil {
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil {
				t.Errorf("the client is told %s %q", res.Status, body)
			}
		}
		if !slices.Contains(a.kinds(), session.EventLate) {
			t.Error("not reported")
		}
	})
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
		if w := a.get("/fail?hangs", cookie); w.Code != http.StatusServiceUnavailable || w.Body.String() != "timeout" {
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

// The handler's own cookie of the session's name goes the way of its other
// headers; other cookies are not the session's business.
func TestAFailureSendsNoSessionCookieOfTheHandlers(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]middleware.Options{
		"cookie": {},
		"header": {Transport: middleware.HeaderTransport("X-Session-Token")},
		"either": {Transport: middleware.CookieOrHeader("X-Session-Token")},
	} {
		st := newStore()
		st.fail("Save", errDown)
		a := newApp(t, st, &o)
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			if name != "header" {
				http.SetCookie(w, &http.Cookie{Name: cookieName, MaxAge: -1})
			}
			if name != "cookie" {
				w.Header().Set("X-Session-Token", "")
			}
			http.SetCookie(w, &http.Cookie{Name: "language", Value: "de"})
		})
		w := a.get("/", "")
		if got := w.Header()["Set-Cookie"]; len(got) != 1 || !strings.HasPrefix(got[0], "language=") || w.Header()["X-Session-Token"] != nil {
			t.Errorf("%s: %v", name, w.Header())
		}
		st.fail("Save", nil)
		if got := a.get("/", "").Header()["Set-Cookie"]; name == "cookie" && (len(got) != 2 || !strings.Contains(got[1], "Max-Age=86")) {
			t.Errorf("%s, saved: %q", name, got)
		}
	}
}

// What the handler says of its body after its commit has failed is not sent
// either, by a writer that looks at the header last.
func TestHeadersAfterAFailure(t *testing.T) {
	t.Parallel()
	st := newStore()
	st.fail("Save", errDown)
	a, _ := answering(t, st)
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		add(s)
		w.Header().Set(http.TrailerPrefix+"X-Sum", "of another body")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("Location", "/done")
		w.Header().Set("Content-Length", "4")
		w.Header().Set(http.TrailerPrefix+"X-Sum", "of another body")
		if w.Header().Get("Location") != "/done" {
			t.Error("the handler does not find what it has set")
		}
		io.WriteString(w, "done")
	})
	server := httptest.NewServer(http.TimeoutHandler(a.Handler(a.mux), time.Minute, "timeout"))
	defer server.Close()
	bare := httptest.NewServer(a.Handler(a.mux))
	defer bare.Close()
	for _, url := range []string{server.URL, bare.URL} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != "sorry" || res.Header["Location"] != nil || res.Trailer != nil {
			t.Errorf("%q, %v, %v, trailer %v", body, err, res.Header, res.Trailer)
		}
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
// that failed had it. What it changes is not saved.
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

func TestAFailedResponseVariesOnce(t *testing.T) {
	t.Parallel()
	st := newStore()
	st.fail("Save", errDown)
	a := newApp(t, st, nil)
	if got := a.get("/add", "").Header()["Vary"]; !slices.Equal(got, []string{"Cookie"}) {
		t.Errorf("a failed commit: Vary %q", got)
	}
	st.fail("Save", nil)
	cookie := a.visit(t, cart{Items: 1})
	st.fail("Load", errDown)
	if got := a.get("/show", cookie).Header()["Vary"]; !slices.Equal(got, []string{"Cookie"}) {
		t.Errorf("a failed load: Vary %q", got)
	}
	a.mux.HandleFunc("/own", func(w http.ResponseWriter, r *http.Request) {
		middleware.Get[cart](r)
		io.WriteString(w, "anonymous")
	})
	if got := a.get("/own", cookie).Header()["Vary"]; !slices.Equal(got, []string{"Cookie"}) {
		t.Errorf("a handler that ignores a failed load: Vary %q", got)
	}
}

// A log-out that fails must not look like one, whatever else happens.
func TestALogOutThatFailsKeepsTheCookie(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	a.handle("/panic", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Destroy()
		panic(errDown)
	})
	cookie := a.visit(t, cart{Items: 1})
	st.fail("Delete", errDown)
	if w := a.get("/logout", cookie); w.Code != http.StatusServiceUnavailable || w.Header()["Set-Cookie"] != nil {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w := httptest.NewRecorder()
	func() {
		defer func() { recover() }()
		r := httptest.NewRequest("GET", "/panic", nil)
		r.Header.Set("Cookie", cookie)
		a.Handler(a.mux).ServeHTTP(w, r)
	}()
	if w.Header()["Set-Cookie"] != nil {
		t.Errorf("after a panic: %v", w.Header())
	}
	st.fail("Delete", nil)
	if w := a.get("/logout", cookie); w.Header()["Set-Cookie"] == nil || st.live(t) != 0 {
		t.Errorf("tried again: %v", w.Header())
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
				again := false
				s.Update(func(c *cart) {
					if again {
						panic("made again")
					}
					again = true
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

// What an observer changes while the session is committed for the last time is
// committed too, or answered for.
func TestAChangeDuringTheLastCommit(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		st := newStore()
		m, err := middleware.New(st, &middleware.Options{Logger: quiet, Observe: func(ctx context.Context, e session.Event) {
			if e.Kind != session.EventCreated {
				return
			}
			s, err := middleware.FromContext[cart](ctx)
			if err != nil {
				t.Error(err)
				return
			}
			add(s)
			if down {
				st.fail("Save", errDown)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		aborted := aborts(func() {
			m.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				add(s)
			})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		})
		if aborted || (w.Code == http.StatusServiceUnavailable) != down || setCookie(t, w) == "" {
			t.Errorf("down: %v: aborted %v, %d %v", down, aborted, w.Code, w.Header())
		}
		for rec := range st.All(t.Context()) {
			if want := map[bool]int{false: 2, true: 1}[down]; rec.Value.Items != want {
				t.Errorf("%d items, want %d", rec.Value.Items, want)
			}
		}
	}
}

// A client that goes away while its session is loaded is no trouble of the operator's.
func TestADisconnectIsNoTrouble(t *testing.T) {
	t.Parallel()
	for gone, want := range map[bool]string{true: "", false: "level=ERROR"} {
		var log bytes.Buffer
		st := newStore()
		m, err := middleware.New(st, &middleware.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		st.fail("Load", context.Canceled)
		if gone {
			leave()
		}
		if _, err := m.Open(ctx, session.NewToken().Reveal()); !errors.Is(err, session.ErrUnavailable) {
			t.Error(err)
		}
		if got := log.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("gone: %v: log %q", gone, got)
		}
	}
}
