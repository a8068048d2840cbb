package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestBoard(t *testing.T) {
	gin.SetMode(gin.TestMode)
	engine := newEngine()
	cookies := map[string]*http.Cookie{}
	for _, step := range []struct {
		method, path, form string
		code               int
		want               string
	}{
		{"GET", "/", "", 200, `{"count":1,"flashes":null,"user":null}`},
		{"POST", "/private/post", "", 401, `{"error":"unauthorized"}`},
		{"POST", "/login", "", 400, `{"error":"who?"}`},
		{"POST", "/login", "name=ada", 200, `{"message":"logged in"}`},
		{"POST", "/private/post", "text=hello", 200, "ada says hello"},
		{"GET", "/", "", 200, `{"count":2,"flashes":["welcome"],"user":"ada"}`},
		{"POST", "/private/logout", "", 303, ""},
		{"GET", "/", "", 200, `{"count":3,"flashes":null,"user":null}`},
		{"POST", "/login", "name=ada", 200, `{"message":"logged in"}`},
		{"POST", "/private/end", "", 204, ""},
		{"GET", "/", "", 200, `{"count":1,"flashes":null,"user":null}`},
	} {
		r := httptest.NewRequest(step.method, step.path, strings.NewReader(step.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		for _, cookie := range w.Result().Cookies() {
			cookies[cookie.Name] = cookie
			if cookie.MaxAge < 0 {
				delete(cookies, cookie.Name)
			}
		}
		if got := w.Body.String(); w.Code != step.code || got != step.want {
			t.Errorf("%s %s: %d %s, want %d %s", step.path, url.PathEscape(step.form), w.Code, got, step.code, step.want)
		}
	}
}
