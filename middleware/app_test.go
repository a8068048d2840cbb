package middleware_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

const (
	cookieName = "__Host-session_id"
	tokenLen   = 66 // characters
)

var errDown = errors.New("the server is down")

type cart struct {
	Customer string
	Items    int
	Notes    []string
}

func (c cart) SessionOwner() string { return c.Customer }

// A store is a memory store that counts its calls and can be made to fail.
type store struct {
	*memstore.Store[cart]
	mu    sync.Mutex
	ops   []string
	fails map[string]error
	delay time.Duration
}

func newStore() *store { return &store{Store: memstore.New[cart](nil), fails: map[string]error{}} }

func (s *store) call(ctx context.Context, op string) error {
	s.mu.Lock()
	s.ops = append(s.ops, op)
	err, delay := s.fails[op], s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (s *store) fail(op string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails[op] = err
}

func (s *store) calls() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := strings.Join(s.ops, " ")
	s.ops = nil
	return ops
}

func (s *store) live(t testing.TB) (count int) {
	t.Helper()
	for _, err := range s.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	return count
}

func (s *store) Load(ctx context.Context, id session.ID) (session.Record[cart], error) {
	if err := s.call(ctx, "Load"); err != nil {
		return session.Record[cart]{}, err
	}
	return s.Store.Load(ctx, id)
}

func (s *store) Save(ctx context.Context, rec *session.Record[cart]) error {
	if err := s.call(ctx, "Save"); err != nil {
		return err
	}
	return s.Store.Save(ctx, rec)
}

func (s *store) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	if err := s.call(ctx, "Touch"); err != nil {
		return err
	}
	return s.Store.Touch(ctx, id, rev, expires)
}

func (s *store) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	if err := s.call(ctx, "Delete"); err != nil {
		return err
	}
	return s.Store.Delete(ctx, id, rev)
}

// An app is a manager around handlers, and what it reports.
type app struct {
	*middleware.Manager[cart]
	mux    *http.ServeMux
	mu     sync.Mutex
	events []session.Event
}

func newApp(t testing.TB, s session.Store[cart], o *middleware.Options) *app {
	t.Helper()
	a := &app{mux: http.NewServeMux()}
	options := middleware.Options{}
	if o != nil {
		options = *o
	}
	options.Logger = quiet
	options.Observe = func(_ context.Context, e session.Event) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.events = append(a.events, e)
	}
	m, err := middleware.New(s, &options)
	if err != nil {
		t.Fatal(err)
	}
	a.Manager = m
	a.mux.HandleFunc("/nothing", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "nothing") })
	a.mux.Handle("/show", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		io.WriteString(w, strings.Join(s.Value().Notes, " "))
	}))
	a.mux.Handle("/add", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Items++ })
		io.WriteString(w, "added")
	}))
	a.mux.Handle("/login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Update(func(c *cart) { c.Customer = r.FormValue("as") })
		http.Redirect(w, r, "/show", http.StatusSeeOther)
	}))
	a.mux.Handle("/logout", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
		s.Destroy()
		io.WriteString(w, "bye")
	}))
	return a
}

func (a *app) handle(path string, h func(http.ResponseWriter, *http.Request, *session.Session[cart])) {
	a.mux.Handle(path, middleware.Handle(h))
}

func (a *app) kinds() (kinds []session.EventKind) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.events {
		kinds = append(kinds, e.Kind)
	}
	a.events = nil
	return kinds
}

// get makes one request, without a server, with the given Cookie header.
func (a *app) get(path, cookie string) *httptest.ResponseRecorder {
	w := recorder()
	a.serve(w, path, cookie)
	return w
}

func newToken() session.Token { return session.NewToken(session.NewID()) }

func recorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func (a *app) serve(w http.ResponseWriter, path, cookie string) {
	r := httptest.NewRequest("GET", path, nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	a.Handler(a.mux).ServeHTTP(w, r)
}

// visit makes a session that holds c and returns its cookie.
func (a *app) visit(t testing.TB, c cart) (cookie string) {
	t.Helper()
	s, err := a.Open(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Set(c)
	if err := s.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	token, _ := s.Token()
	return cookieName + "=" + token.Reveal()
}

// value returns what the session that a cookie gives access to holds.
func (a *app) value(t testing.TB, cookie string) (cart, bool) {
	t.Helper()
	token := strings.TrimPrefix(cookie, cookieName+"=")
	s, err := a.Open(context.Background(), token[:min(len(token), tokenLen)]) // without a signature
	if errors.Is(err, session.ErrNotFound) {
		return cart{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Value(), true
}

// setCookie returns the response's only Set-Cookie as a Cookie header, or "".
func setCookie(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	lines := w.Result().Header["Set-Cookie"]
	if len(lines) > 1 {
		t.Fatalf("more than one cookie: %q", lines)
	}
	if len(lines) == 0 {
		return ""
	}
	pair, _, _ := strings.Cut(lines[0], ";")
	return pair
}

var quiet = slog.New(slog.DiscardHandler)

type (
	visit struct{ Count int }
	prefs struct{ Theme string }
)

func isLate(err error) bool {
	return errors.Is(err, session.ErrLate) && !errors.Is(err, session.ErrUnavailable)
}
