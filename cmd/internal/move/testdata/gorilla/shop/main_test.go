package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
)

func TestShop(t *testing.T) {
	server := httptest.NewServer(routes())
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for _, step := range []struct{ method, path, want string }{
		{"GET", "/", "nobody has [], 0 changes. "},
		{"GET", "/admin", "nobody has [], 0 changes. warning: log in first"},
		{"POST", "/add/tea", "nobody has [{tea 1}], 1 changes. "},
		{"POST", "/login?name=ada", "ada has [{tea 1}], 1 changes. welcome"},
		{"POST", "/add/milk", "ada has [{tea 1} {milk 1}], 2 changes. "},
		{"GET", "/admin", "secrets"},
		{"POST", "/empty", "ada has [], 0 changes. "},
		{"POST", "/logout", "nobody has [], 0 changes. bye"},
		{"POST", "/forget", "nobody has [], 0 changes. "},
	} {
		r, err := http.NewRequest(step.method, server.URL+step.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(rs.Body)
		rs.Body.Close()
		if err != nil || string(body) != step.want {
			t.Errorf("%s: %q, want %q, %v", step.path, body, step.want, err)
		}
	}
}

func TestHomeOfNobody(t *testing.T) {
	w := httptest.NewRecorder()
	http.HandlerFunc(home).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Body.String(); got != "nobody has [], 0 changes. " {
		t.Errorf("%q", got)
	}
}
