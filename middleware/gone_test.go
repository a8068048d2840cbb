package middleware_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

// A log-in is saved and answered while the server shuts down, which ends the contexts
// of its requests. If the client has gone, nobody would learn of the token, and the
// session stays as it is.
func TestALogInWhenTheContextIsCanceled(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, newStore(), nil)
			base, shutdown := context.WithCancel(t.Context())
			leave, done := make(chan bool), make(chan bool)
			a.handle("/shutdown", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.LogIn(func(c *cart) { c.Customer = "ada" })
				shutdown()
				<-r.Context().Done()
			})
			a.handle("/leave", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
				s.LogIn(func(c *cart) { c.Customer = "ada" })
				close(leave)
				<-r.Context().Done()
			})
			h := a.Handler(a.mux)
			server := p.server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				defer context.AfterFunc(base, cancel)() // as BaseContext does, for both protocols
				h.ServeHTTP(w, r.WithContext(ctx))
				if r.URL.Path == "/leave" {
					close(done)
				}
			}))
			defer server.Close()
			client := p.client(server)
			ask := func(ctx context.Context, path, cookie string) (*http.Response, error) {
				r, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Cookie", cookie)
				return client.Do(r)
			}
			gone := a.visit(t, cart{Items: 1})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-leave; cancel() }()
			if _, err := ask(ctx, "/leave", gone); err == nil {
				t.Error("the client has not left")
			}
			<-done
			if c, ok := a.value(t, gone); !ok || c.Customer != "" || c.Items != 1 {
				t.Errorf("gone: the session is %+v, there %v", c, ok)
			}
			there := a.visit(t, cart{Items: 1})
			res, err := ask(t.Context(), "/shutdown", there)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			pair, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
			if c, ok := a.value(t, pair); !ok || c.Customer != "ada" {
				t.Errorf("shutdown: %s, the session is %+v, there %v", res.Status, c, ok)
			}
		})
	}
}

// The same with the server's own base context, whenever that ends.
func TestALogInDuringAShutdown(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before the load", "during the load", "after the load"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			st := &stopping{store: newStore()}
			a := newApp(t, st, nil)
			base, shutdown := context.WithCancel(t.Context())
			st.stop = func(ctx context.Context) {
				if when == "during the load" {
					shutdown()
					<-ctx.Done()
				}
			}
			end := func(r *http.Request, at string) {
				if when == at {
					shutdown()
					<-r.Context().Done()
				}
			}
			h := a.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				end(r, "before the load")
				s, err := middleware.Get[cart](r)
				if err != nil {
					middleware.Fail[cart](w, r, err)
					return
				}
				s.LogIn(func(c *cart) { c.Customer = "ada" })
				end(r, "after the load")
			}))
			server := httptest.NewUnstartedServer(h)
			server.Config.BaseContext = func(net.Listener) context.Context { return base }
			server.Start()
			defer server.Close()
			r, _ := http.NewRequest("GET", server.URL, nil)
			r.Header.Set("Cookie", a.visit(t, cart{Items: 1}))
			res, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK || len(res.Header["Set-Cookie"]) != 1 {
				t.Errorf("%s %v", res.Status, res.Header)
			}
			if kinds := a.kinds(); when != "during the load" && slices.Contains(kinds, session.EventFailed) {
				t.Errorf("events %v", kinds)
			}
		})
	}
}

// stopping calls a function before the first load.
type stopping struct {
	*store
	stop func(context.Context)
	once sync.Once
}

func (s *stopping) Load(ctx context.Context, id session.ID) (session.Record[cart], error) {
	s.once.Do(func() { s.stop(ctx) })
	return s.store.Load(ctx, id)
}

// A handler may outlive the server's, within a timeout that is not net/http's. It gets an
// error, and the program goes on.
func TestALogInOfAHandlerThatOutlivesTheServers(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	loaded, answered, returned := make(chan bool), make(chan bool), make(chan any)
	a.handle("/", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		close(loaded)
		<-answered
		<-r.Context().Done()
		s.LogIn(func(c *cart) { c.Customer = "ada" })
	})
	h := a.Handler(a.mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			defer func() { returned <- recover() }()
			h.ServeHTTP(guarded{httptest.NewRecorder(), w}, r.WithContext(r.Context()))
		}()
		<-loaded
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	cookie := a.visit(t, cart{Items: 1})
	r, _ := http.NewRequest("GET", server.URL, nil)
	r.Header.Set("Cookie", cookie)
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	close(answered)
	if p := <-returned; p != nil {
		t.Errorf("panic: %v", p)
	}
	if c, ok := a.value(t, cookie); !ok || c.Customer != "" {
		t.Errorf("the session is %+v, there %v", c, ok)
	}
}

// guarded keeps what a handler writes after the timeout from the server's writer.
type guarded struct {
	*httptest.ResponseRecorder
	servers http.ResponseWriter
}

func (g guarded) Unwrap() http.ResponseWriter { return g.servers }
