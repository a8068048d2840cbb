package guides_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

var shop = &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}

// A browser keeps cookies between its requests to one handler.
type browser struct {
	t   *testing.T
	h   http.Handler
	jar *cookiejar.Jar
}

func newBrowser(t *testing.T, h http.Handler) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, h, jar}
}

// do sends a request and returns the status and the text of the answer.
func (b *browser) do(method, path string) (int, string) {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://shop.example"+path, nil)
	for _, cookie := range b.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	b.jar.SetCookies(r.URL, w.Result().Cookies())
	return w.Code, strings.TrimSpace(w.Body.String())
}

// cookies returns the names of the browser's cookies.
func (b *browser) cookies() string {
	var names []string
	for _, cookie := range b.jar.Cookies(shop) {
		names = append(names, cookie.Name)
	}
	return strings.Join(names, " ")
}
