package browser_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A gate is a proxy in front of the shop that lets requests of one kind overlap: it
// holds them, or their answers, until as many have come as were announced.
type gate struct {
	URL string

	t     *testing.T
	route string // method and path of the requests to hold
	proxy http.Handler

	mu            sync.Mutex
	before, after *barrier
}

// A barrier holds its callers until the last has come.
type barrier struct {
	missing int
	open    chan struct{}
}

func newGate(t *testing.T, shop, route string) *gate {
	t.Helper()
	target, err := url.Parse(shop)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, route: route, proxy: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return g
}

// holdRequests holds the next n requests before they get to the shop.
func (g *gate) holdRequests(n int) { g.set(&barrier{n, make(chan struct{})}, nil) }

// holdAnswers holds the answers to the next n requests.
func (g *gate) holdAnswers(n int) { g.set(nil, &barrier{n, make(chan struct{})}) }

func (g *gate) set(before, after *barrier) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before, g.after = before, after
}

// opened waits until all announced requests have come.
func (g *gate) opened() {
	g.t.Helper()
	g.mu.Lock()
	b := g.before
	if b == nil {
		b = g.after
	}
	g.mu.Unlock()
	select {
	case <-b.open:
	case <-time.After(time.Minute):
		g.mu.Lock()
		b.missing = 1
		g.mu.Unlock()
		go g.arrive(b) // lets the server close
		g.t.Fatalf("the browser does not send %s often enough", g.route)
	}
}

func (g *gate) arrive(b *barrier) {
	if b == nil {
		return
	}
	g.mu.Lock()
	b.missing--
	if b.missing == 0 {
		close(b.open)
	}
	g.mu.Unlock()
	<-b.open
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method+" "+r.URL.Path != g.route {
		g.proxy.ServeHTTP(w, r)
		return
	}
	g.mu.Lock()
	before, after := g.before, g.after
	g.mu.Unlock()
	g.arrive(before)
	// The shop does not notice that the browser gives up.
	answer := httptest.NewRecorder()
	g.proxy.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
	g.arrive(after)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}
