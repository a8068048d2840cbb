package proxies_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/proxies"
	"github.com/seed48429006/sessions/session"
)

// A Visit is the value of each session.
type Visit struct{ Name string }

// A site is the handler behind the proxies.
type site struct {
	http.Handler
	mu   sync.Mutex
	hits map[string]int // requests that came through, by path
}

func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	s.mu.Unlock()
	s.Handler.ServeHTTP(w, r)
}

// filler makes a page longer than all buffers, and worth compressing.
var filler = strings.Repeat("All work and no play makes Jack a dull boy.\n", 4000)

const lastLine = "The end.\n"

func newSite(t *testing.T, store sessions.Store[Visit], o *sessions.Options) *site {
	t.Helper()
	visits, err := sessions.New(store, o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	// These pages invite caches, as a framework or a careless author may.
	mux.Handle("GET /enter", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		name := r.FormValue("name")
		visit.LogIn(func(v *Visit) { v.Name = name })
		w.Header().Set("Cache-Control", "public, max-age=60")
		fmt.Fprintf(w, "Welcome, %s!\n", name)
	}))
	mux.Handle("GET /page", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "Hello, %s!\n%s", visit.Value().Name, filler)
	}))
	mux.HandleFunc("GET /public", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, filler)
	})
	// This page changes the session after its first bytes.
	mux.Handle("GET /late", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, filler)
		visit.Update(func(v *Visit) { v.Name = "too late" })
		io.WriteString(w, lastLine)
	}))
	return &site{Handler: visits.Handler(mux), hits: map[string]int{}}
}

// A visitor is a browser as far as cookies go.
type visitor struct {
	t      *testing.T
	proxy  *proxies.Proxy
	client *http.Client
	http2  bool
}

func newVisitor(t *testing.T, p *proxies.Proxy, http2 bool) *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{t, p, &http.Client{Transport: p.Transport(t, http2), Jar: jar}, http2}
}

// get asks for a page. An error means that the response broke off.
func (v *visitor) get(path string, gzip bool) (*http.Response, string, error) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "GET", v.proxy.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if http2 := resp.ProtoMajor == 2; http2 != v.http2 {
		v.t.Errorf("%s came by %s", path, resp.Proto)
	}
	text, err := read(resp)
	return resp, text, err
}

// cookie returns the session's cookie, and nothing if there is none.
func (v *visitor) cookie() string {
	u, _ := url.Parse(v.proxy.URL)
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == "__Host-session_id" {
			return c.Value
		}
	}
	return ""
}

// failing is a store that saves nothing once it is told.
type failing struct {
	session.Store[Visit]
	down bool
}

func (s *failing) Save(ctx context.Context, rec *session.Record[Visit]) error {
	if s.down {
		return errors.New("disk on fire")
	}
	return s.Store.Save(ctx, rec)
}
