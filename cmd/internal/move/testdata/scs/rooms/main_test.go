package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRooms(t *testing.T) {
	server := httptest.NewServer(setUp(false))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for _, step := range []struct{ method, path, want string }{
		{"GET", "/", "no room||||false"},
		{"POST", "/book", "no room||choose a room first||false"},
		{"POST", "/choose/x", "no room|||no such room|false"},
		{"POST", "/choose/12", "room 12 for 2 nights|chosen|||false"},
		{"POST", "/login?password=no", "room 12 for 2 nights|||who are you?|false"},
		{"POST", "/login?password=please&remember=1", "room 12 for 2 nights|welcome|||true"},
		{"POST", "/book", "no room|room 12 is yours|||true"},
		{"GET", "/count/a", "1"},
		{"GET", "/count/b", "1"},
		{"GET", "/count/a", "2"},
		{"POST", "/logout", "no room|bye|||false"},
	} {
		r, err := http.NewRequest(step.method, server.URL+step.path, strings.NewReader(""))
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
