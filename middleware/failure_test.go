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
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

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

// Headers that are true of the handler's response only.
var bodyHeaders = []string{"Accept-Ranges", "Cdn-Cache-Control", "Clear-Site-Data", "Content-Digest", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range", "Etag", "Expires",
	"Hx-Location", "Hx-Redirect", "Hx-Trigger", "Last-Modified", "Location", "Refresh", "Repr-Digest", "Surrogate-Control",
	"Trailer", "Transfer-Encoding"}

// A response written before the commit failed must not reach the client.
func TestAFailedCommitSendsTheErrorHandlersResponseOnly(t *testing.T) {
	t.Parallel()
	handlers := map[string]func(http.ResponseWriter, *http.Request){
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/done", http.StatusSeeOther) },
		"write":    func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "handler's body") },
		"nothing":  func(w http.ResponseWriter, r *http.Request) {},
		"stream": func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				fmt.Fprint(w, "handler's body")
				w.(http.Flusher).Flush()
			}
		},
		"copy": func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(w, strings.NewReader("handler's body")); n != 0 || err == nil {
				t.Errorf("copied %d, %v", n, err)
			}
		},
		"header": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			if _, err := io.WriteString(w, "handler's body"); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("write returns %v", err)
			}
		},
	}
	for name, handler := range handlers {
		for _, custom := range []bool{false, true} {
			st := newStore()
			o := &middleware.Options{}
			answers := 0
			if custom {
				o.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
					answers++
					w.WriteHeader(http.StatusTeapot)
					io.WriteString(w, "mine")
				}
			}
			a := newApp(t, st, o)
			st.fail("Save", errDown)
			a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.Update(func(c *cart) { c.Items++ })
				for _, name := range bodyHeaders {
					w.Header().Set(name, "1")
				}
				w.Header().Set("Content-Type", "image/png")
				w.Header().Set("X-Own", "kept")
				handler(w, r)
			})
			w := a.get("/", "")
			want := http.StatusServiceUnavailable
			if custom {
				want = http.StatusTeapot
				if w.Body.String() != "mine" || answers != 1 {
					t.Errorf("%s: %d answers, body %q", name, answers, w.Body)
				}
			}
			if w.Code != want || strings.Contains(w.Body.String(), "handler") {
				t.Errorf("%s: %d %q", name, w.Code, w.Body)
			}
			for _, header := range append(bodyHeaders, "Set-Cookie") {
				if w.Header()[header] != nil {
					t.Errorf("%s: %s: %q", name, header, w.Header()[header])
				}
			}
			if got := w.Header().Get("Content-Type"); got == "image/png" || w.Header().Get("X-Own") != "kept" {
				t.Errorf("%s: header %v", name, w.Header())
			}
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

// If a late change fails, the response that was sent already must not look complete.
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
		if got := a.get("/", "").Header()["Set-Cookie"]; name == "cookie" && (len(got) != 2 || strings.Contains(got[1], "Max-Age=0")) {
			t.Errorf("%s, saved: %q", name, got)
		}
	}
}

// After a failed commit, headers that describe the handler's body are not sent,
// even by a writer that reads the header last.
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
		if _, err := m.Open(ctx, newToken().Reveal()); !errors.Is(err, session.ErrUnavailable) {
			t.Error(err)
		}
		if got := log.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("gone: %v: log %q", gone, got)
		}
	}
}
