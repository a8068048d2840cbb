package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions/session"
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

// An error response keeps the headers that protect it, and none that describe the
// handler's body or make somebody act on it.
func TestHeadersOfAnErrorResponse(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]bool{
		"Accept-Ranges": false, "Age": false, "Attribution-Reporting-Register-Trigger": false, "Cdn-Cache-Control": false, "Clear-Site-Data": false,
		"Content-Digest": false, "Content-Disposition": false, "Content-Encoding": false, "Content-Language": false,
		"Content-Location": false, "Content-Md5": false, "Content-Range": false, "Datastar-Mode": false, "Digest": false, "Edge-Control": false,
		"Etag": false, "Expires": false, "Grpc-Status": false, "Hx-Redirect": false, "Hx-Trigger-After-Swap": false, "Im": false,
		"Last-Modified": false, "Link": false, "Location": false, "No-Vary-Search": false, "Preference-Applied": false, "Refresh": false,
		"Repr-Digest": false, "Sec-Websocket-Accept": false, "Secure-Session-Registration": false, "Service-Worker-Allowed": false, "Set-Login": false, "Signature": false,
		"Signature-Input": false, "Sourcemap": false, "Speculation-Rules": false, "Surrogate-Control": false, "Trailer:X-Sum": false,
		"Turbo-Location": false, "Use-As-Dictionary": false, "X-Accel-Buffering": false, "X-Accel-Expires": false, "X-Accel-Redirect": false,
		"X-Inertia": false, "X-Inertia-Location": false, "X-Lighttpd-Send-File": false, "X-Pjax-Url": false, "X-Reproxy-Url": false,
		"X-Sendfile": false, "X-Sendfile2": false, "X-Turbolinks-Location": false, "X-Up-Location": false, "x-sendfile": false, "HX-Redirect": false,

		"Access-Control-Allow-Origin": true, "Allow": true, "Alt-Svc": true, "Content-Security-Policy": true, "Content-Security-Policy-Report-Only": true,
		"Cross-Origin-Opener-Policy": true, "Permissions-Policy": true, "Referrer-Policy": true, "Reporting-Endpoints": true, "Server-Timing": true,
		"Strict-Transport-Security": true, "Www-Authenticate": true, "X-Frame-Options": true, "X-Robots-Tag": true, "X-Request-Id": true,
	} {
		st := newStore()
		st.fail("Save", errDown)
		a := newApp(t, st, nil)
		a.handle("/x", func(w http.ResponseWriter, r *http.Request, s *session.Session[cart]) {
			w.Header()[name] = []string{"1"}
			add(s)
		})
		w := a.get("/x", "")
		if got := len(w.Header()[name]) == 1; got != kept || w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: kept %v, want %v", name, got, kept)
		}
		if got := w.Header().Get("Retry-After"); got != "5" {
			t.Errorf("Retry-After %q", got)
		}
	}
}
