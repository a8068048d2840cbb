package load_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench/load"
)

// TestRun checks which cookies a crowd sends, and that it counts its requests.
func TestRun(t *testing.T) {
	var served, made atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/new", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "s", Value: fmt.Sprint("new", made.Add(1)), Path: "/"})
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strings.CutPrefix(r.Header.Get("Cookie"), "x=y; s=")
		if n == "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		http.SetCookie(w, &http.Cookie{Name: "s", Value: n + "+", Path: "/"})
		w.Write(make([]byte, 100))
		served.Add(1)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	o := &load.Options{
		Addr: strings.TrimPrefix(server.URL, "http://"), Path: "next", New: "new", Follow: true, Conns: 3,
		Cookies: func(c string) string { return "x=y; " + c },
	}
	crowd, err := load.Gather(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := crowd.Run(10 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if made.Load() != 3 || int64(r.Requests) != served.Load()-3 || r.Requests < 3 || r.P99 < r.P50 || r.P50 <= 0 {
		t.Errorf("%d sessions, %d requests served, result %+v", made.Load(), served.Load(), r)
	}
}

func TestErrors(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	o := &load.Options{Addr: strings.TrimPrefix(server.URL, "http://"), Conns: 1, Cookies: func(c string) string { return c }}
	if _, err := load.Gather(o); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got error %v", err)
	}
}
