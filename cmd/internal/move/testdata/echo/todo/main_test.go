package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTodo(t *testing.T) {
	e := newEcho(&server{newMapStore()})
	cookies := map[string]*http.Cookie{}
	for _, step := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/", 200, `{"items":0,"name":"","new":true}`},
		{"POST", "/add/tea", 201, ""},
		{"POST", "/add/milk", 201, ""},
		{"POST", "/login/ada", 200, ""},
		{"GET", "/", 200, `{"items":2,"name":"ada","new":false}`},
	} {
		r := httptest.NewRequest(step.method, step.path, nil)
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		for _, cookie := range w.Result().Cookies() {
			cookies[cookie.Name] = cookie
		}
		if got := strings.TrimSpace(w.Body.String()); w.Code != step.code || got != step.want {
			t.Errorf("%s: %d %s, want %d %s", step.path, w.Code, got, step.code, step.want)
		}
	}
}
