package routers_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
	"github.com/seed48429006/sessions/sessiontest"
)

// A site is a server with one of the mounts, and a browser that visits it.
type site struct {
	t       *testing.T
	store   *sessiontest.Store[routers.Cart]
	server  *httptest.Server
	browser *http.Client
	log     *lines // the server's own
}

func newSite(t *testing.T, mount func(*sessions.Manager[routers.Cart]) http.Handler) *site {
	s := &site{t: t, store: sessiontest.NewStore[routers.Cart](t), log: new(lines)}
	carts, err := sessions.New(s.store, &sessions.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewUnstartedServer(mount(carts))
	s.server.Config.ErrorLog = log.New(s.log, "", 0)
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.browser = s.server.Client()
	s.browser.Jar = jar
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// An answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // the connection broke
}

// ask makes a request, with a form if it is a POST.
func (s *site) ask(method, path string) answer {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader("customer=ada"))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.browser.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

// want makes a request and checks status and body of the answer.
func (s *site) want(method, path string, status int, body string) answer {
	s.t.Helper()
	got := s.ask(method, path)
	if got.err != nil || got.status != status || strings.TrimSpace(got.body) != body {
		s.t.Errorf("%s %s: %d %q, %v; want %d %q", method, path, got.status, got.body, got.err, status, body)
	}
	return got
}

// cookies returns how many cookies the answer sets, and the session's.
func (a answer) cookies(t *testing.T) (count int, session *http.Cookie) {
	t.Helper()
	all := (&http.Response{Header: a.header}).Cookies()
	if i := slices.IndexFunc(all, func(c *http.Cookie) bool { return c.Name == "__Host-session_id" }); i >= 0 {
		return len(all), all[i]
	}
	return len(all), nil
}

// cookie returns the cookie that the browser has.
func (s *site) cookie() string {
	s.t.Helper()
	u, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range s.browser.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

// setCookie makes the browser have another.
func (s *site) setCookie(value string) {
	s.t.Helper()
	u, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	s.browser.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-session_id", Value: value, Path: "/", Secure: true}})
}

// calls returns what the store was asked since the last Reset.
func (s *site) calls() (ops []sessiontest.Op) {
	for _, call := range s.store.Calls() {
		ops = append(ops, call.Op)
	}
	return ops
}

// quiet fails the test if the server had to say something, as it does about
// responses that are begun twice, and about panics.
func (s *site) quiet() {
	s.t.Helper()
	if text := s.log.String(); text != "" {
		s.t.Errorf("the server logs %s", text)
	}
}

// lines is a log that servers write to.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
