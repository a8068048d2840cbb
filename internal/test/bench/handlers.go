package bench

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
)

// A webApp is an application of net/http: a handler for each case.
type webApp struct {
	cases map[Case]http.Handler
	close func() error
}

func (a *webApp) Can(c Case) bool { return a.cases[c] != nil }

func (a *webApp) Serve(l net.Listener) error {
	mux := http.NewServeMux()
	for c, h := range a.cases {
		mux.Handle("GET /"+string(c), h)
	}
	return http.Serve(l, mux)
}

func (a *webApp) Close() error {
	if a.close == nil {
		return nil
	}
	return a.close()
}

func (a *webApp) Visitor(c Case) Visitor {
	v := &webVisitor{handler: a.cases[c], fresh: *httptest.NewRequest("GET", "/"+string(c), nil)}
	v.fresh.Header["Cookie"] = []string{""}
	v.header = http.Header{}
	return v
}

// A webVisitor is its own response writer, which costs nothing.
type webVisitor struct {
	handler http.Handler
	fresh   http.Request
	used    http.Request // some libraries write to it
	header  http.Header
	status  int
}

func (v *webVisitor) SetCookie(cookie string) { v.fresh.Header["Cookie"][0] = cookie }

func (v *webVisitor) Visit() {
	clear(v.header)
	v.status = http.StatusOK
	v.used = v.fresh
	v.handler.ServeHTTP(v, &v.used)
}

func (v *webVisitor) Header() http.Header         { return v.header }
func (v *webVisitor) Write(p []byte) (int, error) { return len(p), nil }
func (v *webVisitor) WriteHeader(status int)      { v.status = status }

func (v *webVisitor) Response() (int, string) {
	cookie, _, _ := strings.Cut(v.header.Get("Set-Cookie"), ";")
	return v.status, cookie
}

// done is the body of all responses.
var done = []byte("done")

func nothing(w http.ResponseWriter, _ *http.Request) { w.Write(done) }

// fail answers for a handler whose session is not as it must be.
func fail(w http.ResponseWriter, text string) { http.Error(w, text, http.StatusInternalServerError) }

var bare = Subject{Library: "bare handler", Store: "net/http", Open: func(string) (App, error) {
	app := &webApp{cases: map[Case]http.Handler{}}
	for _, c := range Cases() {
		app.cases[c] = http.HandlerFunc(nothing)
	}
	return app, nil
}}
