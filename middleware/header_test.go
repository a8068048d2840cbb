package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestResponsesShareNoHeader(t *testing.T) {
	t.Parallel()
	a := newApp(t, newStore(), nil)
	rewriting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.Handler(a.mux).ServeHTTP(w, r)
		for i := range w.Header()["Vary"] {
			w.Header()["Vary"][i] = "Origin, " + w.Header()["Vary"][i] // an outer middleware
		}
	})
	rewriting.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/show", nil))
	if got := a.get("/show", "").Header().Get("Vary"); got != "Cookie" {
		t.Errorf("another response has Vary %q", got)
	}
}
