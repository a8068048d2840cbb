package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

var quiet = slog.New(slog.DiscardHandler)

func TestNothingForNothing(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.calls()

	w := a.get("/nothing", cookie)
	if st.calls() != "" || setCookie(t, w) != "" || w.Header().Get("Vary") != "" || w.Header().Get("Cache-Control") != "" {
		t.Errorf("a request that does not use its session: %v", w.Header())
	}
	for range 100 {
		w := a.get("/show", "")
		if st.calls() != "" || setCookie(t, w) != "" {
			t.Fatal("a visitor who only reads is given a session")
		}
		if w.Header().Get("Vary") != "Cookie" {
			t.Fatal("no Vary on a response that used the session")
		}
	}
	for range 10 {
		a.get("/show", cookie)
	}
	if got := st.calls(); got != strings.TrimSpace(strings.Repeat("Load ", 10)) {
		t.Errorf("ten reads make the calls %q", got)
	}
	if st.live(t) != 1 {
		t.Errorf("%d sessions are stored", st.live(t))
	}
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

// A slow request must not bring back what another ended meanwhile.
func TestSlowRequestDoesNotRevive(t *testing.T) {
	t.Parallel()
	for _, ends := range []string{"/logout", "/login?as=ada"} {
		for _, slow := range []struct {
			does string
			do   func(*session.Session[cart])
			code int
		}{
			{"reads", func(s *session.Session[cart]) { s.Value() }, http.StatusOK},
			{"changes", func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items++ }) }, http.StatusConflict},
		} {
			t.Run(ends+" while another "+slow.does, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := newStore()
					a := newApp(t, st, nil)
					a.handle("/slow", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
						slow.do(s)
						time.Sleep(10 * time.Minute) // long enough for a touch
						fmt.Fprint(w, "done")
					})
					cookie := a.visit(t, cart{Items: 1})
					result := make(chan *httptest.ResponseRecorder)
					go func() { result <- a.get("/slow", cookie) }()
					synctest.Wait()
					a.get(ends, cookie)
					before := st.live(t)
					w := <-result
					if w.Code != slow.code || w.Header()["Set-Cookie"] != nil {
						t.Errorf("status %d, want %d; cookies %q", w.Code, slow.code, w.Header()["Set-Cookie"])
					}
					if slow.code != http.StatusOK && strings.Contains(w.Body.String(), "done") {
						t.Error("the response says that it was done")
					}
					if _, ok := a.value(t, cookie); ok || st.live(t) != before {
						t.Error("the session is back")
					}
					if !slices.Contains(a.kinds(), session.EventGone) {
						t.Error("not reported")
					}
				})
			})
		}
	}
}

func TestALateRequestWithTheOldToken(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	cookie := a.visit(t, cart{Items: 1})
	a.get("/login?as=ada", cookie)
	if w := a.get("/show", cookie); w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
		t.Errorf("reading: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/add", "/logout"} {
		if w := a.get(path, cookie); w.Code != http.StatusConflict || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestAnUnknownTokenIsNotAdopted(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	madeUp := cookieName + "=" + session.NewToken().Reveal()
	got := setCookie(t, a.get("/add", madeUp))
	if got == "" || got == madeUp {
		t.Errorf("cookie %q", got)
	}
	if _, ok := a.value(t, madeUp); ok {
		t.Error("adopted")
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"Load", "Save"} {
		t.Run(op, func(t *testing.T) {
			st := newStore()
			a := newApp(t, st, nil)
			cookie := a.visit(t, cart{Items: 1})
			st.fail(op, errDown)
			w := a.get("/add", cookie)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header()["Set-Cookie"] != nil {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if body := w.Body.String(); strings.Contains(body, "added") || strings.Contains(body, errDown.Error()) {
				t.Errorf("body %q", body)
			}
			if w := a.get("/nothing", cookie); w.Code != http.StatusOK {
				t.Error("a page without a session fails too")
			}
			if !slices.Contains(a.kinds(), session.EventFailed) {
				t.Error("not reported")
			}
		})
	}
}

func TestGetSaysUnavailableEachTimeAndAsksOnce(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.calls()
	st.fail("Load", errDown)
	a.mux.HandleFunc("/twice", func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			if _, err := middleware.Get[cart](r); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
	})
	a.get("/twice", cookie)
	if got := st.calls(); got != "Load" {
		t.Errorf("calls %q", got)
	}
}

// A caller who asks with little time, and gets nothing, has not decided it for
// the request.
func TestAnImpatientCallerDecidesForHimselfOnly(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		if _, err := middleware.FromContext[cart](ctx); !errors.Is(err, session.ErrUnavailable) {
			t.Error(err)
		}
		if s, err := middleware.Get[cart](r); err != nil || s.Value().Items != 1 {
			t.Error(s, err)
		}
	})
	if w := a.get("/", cookie); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestNoMiddleware(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	if _, err := middleware.Get[cart](r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("got %v", err)
	}
	w := httptest.NewRecorder()
	middleware.Handle(func(http.ResponseWriter, *http.Request, *session.Session[cart]) { t.Error("called") }).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

// Headers that are true of the handler's response only.
var ofTheBody = []string{"Accept-Ranges", "Cdn-Cache-Control", "Clear-Site-Data", "Content-Digest", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range", "Etag", "Expires",
	"Hx-Location", "Hx-Redirect", "Hx-Trigger", "Last-Modified", "Location", "Refresh", "Repr-Digest", "Surrogate-Control",
	"Trailer", "Transfer-Encoding"}

// What a handler said before its commit failed must not reach the client.
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
				for _, name := range ofTheBody {
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
			for _, header := range append(ofTheBody, "Set-Cookie") {
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

func TestAnErrorHandlerThatSaysNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, &middleware.Options{ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}})
	st.fail("Save", errDown)
	if w := a.get("/add", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
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

func TestTheSaveOutlivesTheClient(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 1})
	st.delay = 50 * time.Millisecond
	ctx, leave := context.WithCancel(t.Context())
	a.handle("/leave", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items++ })
		leave()
		<-r.Context().Done()
	})
	r := httptest.NewRequest("GET", "/leave", nil).WithContext(ctx)
	r.Header.Set("Cookie", cookie)
	a.Handler(a.mux).ServeHTTP(httptest.NewRecorder(), r)
	if c, _ := a.value(t, cookie); c.Items != 2 {
		t.Errorf("%d items: the change is lost", c.Items)
	}
}

// A context that a store has made of one save's, and still looks at, is not that
// of the next.
func TestEachSaveHasAContextOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &keeping{store: newStore()}
		a := newApp(t, st, &middleware.Options{SaveTimeout: time.Minute})
		type key struct{}
		a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			add(s)
			io.WriteString(w, "done")
			time.Sleep(time.Second)
			add(s)
			io.WriteString(w, "and noted") // what is late is saved at the end, once
			add(s)
		})
		r := httptest.NewRequest("GET", "/", nil)
		r = r.WithContext(context.WithValue(r.Context(), key{}, "value"))
		start := time.Now()
		a.Handler(a.mux).ServeHTTP(httptest.NewRecorder(), r)
		if len(st.kept) != 2 {
			t.Fatalf("%d saves", len(st.kept))
		}
		for i, ctx := range st.kept {
			want := start.Add(time.Duration(i)*time.Second + time.Minute)
			if got, ok := ctx.Deadline(); !ok || !got.Equal(want) {
				t.Errorf("save %d has the deadline %v, want %v", i, got, want)
			}
			<-ctx.Done() // since the save is over
			if ctx.Err() != context.Canceled || ctx.Value(key{}) != "value" {
				t.Errorf("save %d: %v, value %v", i, ctx.Err(), ctx.Value(key{}))
			}
		}
	})
}

// A keeping store keeps the contexts of its saves.
type keeping struct {
	*store
	kept []context.Context
}

func (k *keeping) Save(ctx context.Context, rec *session.Record[cart]) error {
	k.kept = append(k.kept, ctx)
	return k.store.Save(ctx, rec)
}

func TestTheSaveIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStore()
		a := newApp(t, st, &middleware.Options{SaveTimeout: 2 * time.Second})
		cookie := a.visit(t, cart{Items: 1})
		a.handle("/hang", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			s.Update(func(c *cart) { c.Items++ })
			st.delay = time.Hour
		})
		start := time.Now()
		if w := a.get("/hang", cookie); w.Code != http.StatusServiceUnavailable || time.Since(start) != 2*time.Second {
			t.Errorf("%d after %v", w.Code, time.Since(start))
		}
		st.delay = 0
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := httptest.NewRequest("GET", "/hang", nil).WithContext(ctx)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		start = time.Now()
		a.Handler(a.mux).ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || time.Since(start) != 100*time.Millisecond {
			t.Errorf("request with a deadline: %d after %v", w.Code, time.Since(start))
		}
	})
}
