package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

type contextKey struct{}

func TestContextsAndManagersPrintNoSecret(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	a := newApp(t, newStore(), &middleware.Options{Secrets: [][]byte{secret}})
	cookie := setCookie(t, a.get("/add", ""))
	var ctx context.Context
	var writer http.ResponseWriter
	var s *session.Session[cart]
	a.handle("/x", func(w http.ResponseWriter, r *http.Request, of *session.Session[cart]) {
		ctx, writer, s = r.Context(), w, of
	})
	a.get("/x", cookie)
	for name, value := range map[string]any{
		"a context":         ctx,
		"a derived context": context.WithValue(ctx, contextKey{}, "value"),
		"a writer":          writer,
		"a wrapped writer":  http.NewResponseController(writer),
		"a kept context":    struct{ kept context.Context }{ctx},
		"a kept writer":     struct{ kept http.ResponseWriter }{writer},
		"a session":         s,
		"a manager":         a.Manager,
		"options":           middleware.Options{Secrets: [][]byte{secret}},
		"a pointer":         &middleware.Options{Secrets: [][]byte{secret}},
		"a configuration":   middleware.Config{Secret: string(secret)},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, cookie[len(cookieName)+1:]) || strings.Contains(text, string(secret)) ||
				strings.Contains(text, fmt.Sprintf("%x", secret)) || strings.Contains(text, "48 49") || len(text) > 220 {
				t.Errorf("%s of %s prints %s", verb, name, text)
			}
		}
	}
	if got := fmt.Sprint(a.Manager); got != "sessions.Manager[middleware_test.cart]" {
		t.Errorf("a manager prints %q", got)
	}
}

// A context that is kept does not keep the request's body and form.
func TestAKeptContextLetsTheRequestGo(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	var kept context.Context
	var body weak.Pointer[[1 << 20]byte]
	a.mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		kept = context.WithoutCancel(r.Context())
		middleware.Get[cart](r)
		r.ParseForm()
	})
	// The server's own request, to which its response writer leads.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		large := new([1 << 20]byte)
		body = weak.Make(large)
		r.Body = reader{large}
		a.Handler(a.mux).ServeHTTP(w, r)
	}))
	res, err := http.Post(server.URL+"/upload", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	server.Close()
	for range 100 { // the server's goroutine may still be at its end
		if runtime.GC(); body.Value() == nil {
			break
		}
	}
	if body.Value() != nil {
		t.Error("the context keeps the request's body")
	}
	runtime.KeepAlive(kept)
}

type reader struct{ large *[1 << 20]byte }

func (r reader) Read(p []byte) (int, error) { return 0, io.EOF }
func (r reader) Close() error               { return nil }

// Not in parallel: the allocations counted are those of the whole process.
func TestARequestWithoutASessionAllocatesTwice(t *testing.T) {
	a := newApp(t, newStore(), nil)
	h := a.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := recorder(), httptest.NewRequest("GET", "/", nil)
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 2 {
		t.Errorf("%v allocations", got)
	}
}

// A goroutine that logs in after its handler has returned is told so, and the
// visitor keeps the session.
func TestALogInAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ writes, panics bool }{
		"without a response": {false, false},
		"with a response":    {true, false},
		"with a panic":       {false, true},
		"with both":          {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			cookie := a.visit(t, cart{Items: 1})
			var s *session.Session[cart]
			a.handle("/x", func(w http.ResponseWriter, r *http.Request, of *session.Session[cart]) {
				if s = of; test.writes {
					io.WriteString(w, "done")
				}
				if test.panics {
					panic(http.ErrAbortHandler)
				}
			})
			aborts(func() { a.get("/x", cookie) })
			s.LogIn(func(c *cart) { c.Customer = "ada" })
			if err := s.Commit(t.Context()); err == nil || !isLate(err) {
				t.Errorf("got %v", err)
			}
			if c, ok := a.value(t, cookie); !ok || c.Items != 1 || c.Customer != "" {
				t.Errorf("the visitor has %+v, %v", c, ok)
			}
		})
	}
}

// A session that is still being loaded when the response begins is not used: the
// response does not vary by the cookie.
func TestALoadOvertakenByTheFirstByte(t *testing.T) {
	t.Parallel()
	st := &pausing{store: newStore(), paused: make(chan bool), goOn: make(chan bool)}
	a := newApp(t, st, nil)
	a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
		got := make(chan error)
		go func() { _, err := middleware.Get[cart](r); got <- err }()
		<-st.paused
		io.WriteString(w, "done")
		st.goOn <- true
		if err := <-got; !isLate(err) {
			t.Errorf("got %v", err)
		}
	})
	a.get("/x", cookieName+"="+newToken().Reveal())
}

// pausing pauses in each load.
type pausing struct {
	*store
	paused, goOn chan bool
}

func (p *pausing) Load(ctx context.Context, id session.ID) (session.Record[cart], error) {
	p.paused <- true
	<-p.goOn
	return p.store.Load(ctx, id)
}

// Code that runs after the handler, such as a framework's error handler, gets the
// session as long as it can answer.
func TestASessionAskedForAfterTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ uses, refused bool }{
		"the request goes on":                        {false, false},
		"the request goes on, the handler used it":   {true, false},
		"the request has ended":                      {false, true},
		"the request has ended, the handler used it": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			ctx, end := context.WithCancel(t.Context())
			defer end()
			var request *http.Request
			a.mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
				if request = r; test.uses {
					middleware.Get[cart](r)
				}
			})
			a.Handler(a.mux).ServeHTTP(recorder(), httptest.NewRequest("GET", "/x", nil).WithContext(ctx))
			if test.refused {
				end()
			}
			if _, err := middleware.Get[cart](request); isLate(err) != test.refused || !test.refused && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A double click on "Log in": all responses carry a token that works, whichever
// request is handled first, and lead to one session.
func TestADoubleClickOnLogIn(t *testing.T) {
	t.Parallel()
	st := newStore()
	a := newApp(t, st, nil)
	cookie := a.visit(t, cart{Items: 3})
	var inner func()
	a.handle("/in", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.LogIn(func(c *cart) { c.Customer = "ada" })
		if inner != nil {
			f := inner
			inner = nil
			f()
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	var first string
	inner = func() { first = setCookie(t, a.get("/in", cookie)) }
	second := setCookie(t, a.get("/in", cookie))
	third := setCookie(t, a.get("/in", cookie)) // comes when both are done
	for name, token := range map[string]string{"first": first, "second": second, "third": third} {
		if c, ok := a.value(t, token); !ok || c.Customer != "ada" || c.Items != 3 {
			t.Errorf("the %s response leads to %+v, %v", name, c, ok)
		}
		if a.id(t, token) != a.id(t, cookie) {
			t.Errorf("the %s response leads to another session", name)
		}
	}
	if n := st.live(t); n != 1 {
		t.Errorf("%d sessions live", n)
	}
}

// A read whose touch hangs waits for SaveTimeout once.
func TestATouchThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &hanging{store: newStore()}
		a := newApp(t, st, &middleware.Options{SaveTimeout: time.Second})
		cookie := a.visit(t, cart{Items: 1})
		time.Sleep(30 * time.Minute)
		began := time.Now()
		if w := a.get("/show", cookie); w.Code != http.StatusOK {
			t.Errorf("%d", w.Code)
		}
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("the read waited %v", waited)
		}
	})
}

type hanging struct{ *store }

func (h *hanging) Touch(ctx context.Context, _ session.ID, _ session.Revision, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

// The context of a save leaves no goroutine behind.
func TestASaveContextEndsWithTheSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine stays
		st := &watching{store: newStore(), ended: make(chan error, 10)}
		a := newApp(t, st, nil)
		a.get("/add", "")
		synctest.Wait()
		if err := <-st.ended; err != context.Canceled {
			t.Errorf("ended with %v", err)
		}
	})
}

// watching waits for the end of each save's context, as drivers do.
type watching struct {
	*store
	ended chan error
}

func (w *watching) Save(ctx context.Context, rec *session.Record[cart]) error {
	context.AfterFunc(ctx, func() { w.ended <- ctx.Err() })
	return w.store.Save(ctx, rec)
}
