package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/redistest"
)

// patient ends the URL of a store that waits for a busy machine.
const patient = "?dial_timeout=1m&read_timeout=1m"

func newClient(t *testing.T) *sessiontest.Client {
	t.Helper()
	front, err := newCluster(t.Context(), "redis://"+redistest.New(t).Options().Addr+patient, 3)
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, front)
}

func TestServersShareSessions(t *testing.T) {
	c := newClient(t)
	servers := map[string]bool{}
	for n := range 6 {
		_, server, ok := strings.Cut(c.Get("/").Has(fmt.Sprintf("Visit %d,", n+1)).Body, "on server ")
		if !ok {
			t.Fatal("the page does not name its server")
		}
		servers[server] = true
	}
	if len(servers) != 3 {
		t.Errorf("served by %v", servers)
	}
}

// Visits on all servers at once are all counted.
func TestNoVisitIsLost(t *testing.T) {
	c := newClient(t)
	c.Get("/").Has("Visit 1,")
	var tabs sync.WaitGroup
	for range 12 {
		tab := c.Tab()
		tabs.Go(func() { tab.Get("/").HasStatus(http.StatusOK) })
	}
	tabs.Wait()
	c.Get("/").Has("Visit 14,")
}

func TestServersLearnTheHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) }))
	defer server.Close()
	target, _ := http.NewRequest("GET", server.URL, nil)
	w := httptest.NewRecorder()
	newFront([]*url.URL{target.URL}).ServeHTTP(w, httptest.NewRequest("GET", "http://shop.example/", nil))
	if got := w.Body.String(); got != "shop.example" {
		t.Errorf("the server was asked as %s", got)
	}
}
