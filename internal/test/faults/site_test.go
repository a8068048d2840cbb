package faults_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// A basket is what the sessions of these tests hold.
type basket struct {
	Customer string
	Items    []string
}

func (b basket) SessionOwner() string { return b.Customer }

const (
	namespace    = "baskets"
	cookiePrefix = "__Host-session_id="
)

// A site is an application as one of several nodes runs it.
type site struct {
	*sessions.Manager[basket]
	store  *redisstore.Store[basket]
	client redis.UniversalClient
	mux    *http.ServeMux

	mu     sync.Mutex
	errs   []error // that the error handler was given
	events []session.Event
}

// patience is how long a site saves and waits for what is expected. A busy machine
// may take seconds.
const patience = time.Minute

// newSite returns a site on the Redis at the URL. Nil options are the zero ones,
// but for a long SaveTimeout.
func newSite(t testing.TB, url string, o *sessions.Options, ro *redisstore.Options) *site {
	t.Helper()
	client, err := redisstore.NewClient(url)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return siteWith(t, client, o, ro)
}

func siteWith(t testing.TB, client redis.UniversalClient, o *sessions.Options, ro *redisstore.Options) *site {
	t.Helper()
	store, err := redisstore.New(client, namespace, codec.MessagePack[basket](), ro)
	must(t, err)
	s := &site{store: store, client: client, mux: http.NewServeMux()}
	var options sessions.Options
	if o != nil {
		options = *o
	}
	options.SaveTimeout = cmp.Or(options.SaveTimeout, patience)
	options.Logger = slog.New(slog.DiscardHandler)
	options.Observe = func(_ context.Context, e session.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}
	options.ErrorHandler = func(_ http.ResponseWriter, _ *http.Request, err error) { // and the default one answers
		s.mu.Lock()
		defer s.mu.Unlock()
		s.errs = append(s.errs, err)
	}
	s.Manager, err = sessions.New(session.Store[basket](store), &options)
	must(t, err)
	s.mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "plain") })
	s.handle("/read", func(r *http.Request, b *sessions.Session[basket]) {})
	s.handle("/add", func(r *http.Request, b *sessions.Session[basket]) { add(b, r.FormValue("item")) })
	s.handle("/login", func(r *http.Request, b *sessions.Session[basket]) {
		b.Update(func(v *basket) { v.Customer = r.FormValue("as") })
	})
	s.handle("/renew", func(r *http.Request, b *sessions.Session[basket]) { b.Renew() })
	s.handle("/logout", func(r *http.Request, b *sessions.Session[basket]) { b.Destroy() })
	return s
}

func add(b *sessions.Session[basket], item string) {
	b.Update(func(v *basket) { v.Items = append(v.Items, item) })
}

// handle serves a page that does something to the session and says what it holds.
func (s *site) handle(pattern string, do func(*http.Request, *sessions.Session[basket])) {
	s.mux.Handle(pattern, sessions.Handle(func(w http.ResponseWriter, r *http.Request, b *sessions.Session[basket]) {
		do(r, b)
		fmt.Fprint(w, strings.Join(b.Value().Items, " "))
	}))
}

// A reply is what a client makes of a response.
type reply struct {
	status int
	body   string
	set    string // the cookie that it is to send from now on
	clears bool   // it is to forget its cookie
	took   time.Duration
}

// get sends a request with a cookie, if it is not empty.
func (s *site) get(target, cookie string) reply {
	return s.getWithin(context.Background(), target, cookie)
}

// getWithin sends a request whose context is ctx.
func (s *site) getWithin(ctx context.Context, target, cookie string) reply {
	r := httptest.NewRequestWithContext(ctx, "POST", target, nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	start := time.Now()
	s.Handler(s.mux).ServeHTTP(w, r)
	got := reply{status: w.Code, body: w.Body.String(), took: time.Since(start)}
	if line := w.Result().Header.Get("Set-Cookie"); line != "" {
		got.set, _, _ = strings.Cut(line, ";")
		got.clears = got.set == cookiePrefix
	}
	return got
}

// in is getWithin with a deadline.
func (s *site) in(d time.Duration, target, cookie string) reply {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.getWithin(ctx, target, cookie)
}

// visitor begins a session that holds one item, and returns its cookie.
func (s *site) visitor(t testing.TB) string {
	t.Helper()
	got := s.get("/add?item=first", "")
	if got.status != http.StatusOK || got.set == "" {
		t.Fatalf("no session to begin with: %+v, errors %v", got, s.errs)
	}
	return got.set
}

// customer begins a session that belongs to somebody.
func (s *site) customer(t testing.TB, name string) string {
	t.Helper()
	got := s.get("/login?as="+name, s.visitor(t))
	if got.status != http.StatusOK || got.set == "" {
		t.Fatalf("no log-in to begin with: %+v, errors %v", got, s.errs)
	}
	return got.set
}

// value returns what the session of a cookie holds, if there is one.
func (s *site) value(t testing.TB, cookie string) (basket, bool) {
	t.Helper()
	b, err := s.Open(t.Context(), strings.TrimPrefix(cookie, cookiePrefix))
	if errors.Is(err, session.ErrNotFound) {
		return basket{}, false
	}
	must(t, err)
	return b.Value(), true
}

// reported returns the kinds of the events since it was called last.
func (s *site) reported() []session.EventKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kinds []session.EventKind
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	s.events = nil
	return kinds
}

// failure returns what the error handler was given last.
func (s *site) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) == 0 {
		return nil
	}
	return s.errs[len(s.errs)-1]
}

// idOf returns the public handle of a cookie's session.
func idOf(t testing.TB, cookie string) session.ID {
	t.Helper()
	token, err := session.ParseToken(strings.TrimPrefix(cookie, cookiePrefix))
	must(t, err)
	return token.ID()
}

// keyOf returns where the session of a cookie is in Redis.
func keyOf(t testing.TB, cookie string) string { return namespace + ":" + idOf(t, cookie).String() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
