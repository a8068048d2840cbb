package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

func newTestApplication(t *testing.T) *application {
	t.Helper()
	sessionManager := scs.New()
	sessionManager.Lifetime = 12 * time.Hour
	sessionManager.Cookie.Secure = true
	return newApplication(sessionManager)
}

type testServer struct{ *httptest.Server }

func newTestServer(t *testing.T, h http.Handler) *testServer {
	ts := httptest.NewTLSServer(h)
	t.Cleanup(ts.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	ts.Client().Jar = jar
	return &testServer{ts}
}

func (ts *testServer) body(t *testing.T, rs *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(body))
}

func (ts *testServer) get(t *testing.T, path string) string {
	rs, err := ts.Client().Get(ts.URL + path)
	return ts.body(t, rs, err)
}

func (ts *testServer) post(t *testing.T, path string, form url.Values) string {
	rs, err := ts.Client().PostForm(ts.URL+path, form)
	return ts.body(t, rs, err)
}

func TestVisit(t *testing.T) {
	ts := newTestServer(t, newTestApplication(t).routes())
	for _, step := range []struct {
		path string
		form url.Values
		want string
	}{
		{"/", nil, `user 0 has []`},
		{"/user/login", url.Values{"name": {"ada"}, "password": {"wrong"}}, "wrong name or password"},
		{"/user/login", url.Values{"name": {"ada"}, "password": {"lovelace"}}, `user 1 has []`},
		{"/note", url.Values{"text": {"tea"}}, "Note 1 saved.\nuser 1 has [\"tea\"]"},
		{"/note", url.Values{"text": {"milk"}}, "Note 2 saved.\nuser 1 has [\"tea\" \"milk\"]"},
		{"/", nil, `user 1 has ["tea" "milk"]`},
		{"/user/logout", url.Values{}, "You have been logged out.\nuser 0 has []"},
	} {
		got := ""
		if step.form == nil {
			got = ts.get(t, step.path)
		} else {
			got = ts.post(t, step.path, step.form)
		}
		if got != step.want {
			t.Errorf("%s: %q, want %q", step.path, got, step.want)
		}
	}
}

func TestHomeShowsTheFlash(t *testing.T) {
	app := newTestApplication(t)
	r := httptest.NewRequest("GET", "/", nil)
	ctx, err := app.sessions.Load(r.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	r = r.WithContext(ctx)
	app.sessions.Put(ctx, userKey, 1)
	app.sessions.Put(ctx, "flash", "hello")

	w := httptest.NewRecorder()
	app.home(w, r)
	if got := w.Body.String(); got != "hello\nuser 1 has []" {
		t.Errorf("%q", got)
	}
	if app.sessions.Exists(ctx, "flash") {
		t.Error("the flash is there again")
	}
}

func TestLoginIsRequired(t *testing.T) {
	app := newTestApplication(t)
	ts := newTestServer(t, app.sessions.LoadAndSave(app.requireLogin(http.HandlerFunc(ping))))
	ts.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	rs, err := ts.Client().Get(ts.URL)
	if err != nil || rs.StatusCode != http.StatusSeeOther {
		t.Error(rs, err)
	}
}
