package browser

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/seed48429006/sessions/internal/dbsc"
	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

// ErrAborted means that the handler broke the response off, by
// [http.ErrAbortHandler].
var ErrAborted = errors.New("browser: the response was broken off")

const maxRedirects = 20

// navigate carries out a step and returns the page to which it leads.
func (t *Tab) navigate(ctx context.Context, n *navigation) (*Page, error) {
	page := new(Page)
	for range maxRedirects + 1 {
		hop, body, err := t.send(ctx, n, page)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", n.method, n.current(), err)
		}
		page.Hops = append(page.Hops, hop)
		to, err := hop.target()
		if err != nil {
			return nil, err
		}
		if to == nil {
			page.URL, page.Status, page.Header, page.Body = hop.URL, hop.Status, hop.Header, body
			return page, nil
		}
		n.redirect(hop.Status, to)
	}
	return nil, fmt.Errorf("browser: more than %d redirects, the last to %s", maxRedirects, n.current())
}

// send makes one request and keeps the cookies of its response.
func (t *Tab) send(ctx context.Context, n *navigation, page *Page) (Hop, string, error) {
	ctx, cancel := context.WithCancel(ctx) // as a server does when the handler returns
	defer cancel()
	skipped := t.refreshBound(ctx, n, page)
	r := t.request(ctx, n)
	if skipped != "" {
		r.Header.Set(dbsc.HeaderSkipped, skipped)
	}
	w := httptest.NewRecorder()
	if err := serve(t.browser.handler, w, r); err != nil {
		return Hop{}, "", err
	}
	response := w.Result()
	for _, line := range response.Header.Values("Set-Cookie") {
		if err := t.browser.jar.Set(n.access(), line); err != nil {
			page.Refused = append(page.Refused, Refused{line, err})
		}
	}
	t.bind(ctx, n, response.Header, page)
	return Hop{n.method, n.current(), response.StatusCode, response.Header}, w.Body.String(), nil
}

// request returns the navigation's current request, as a server has it.
func (t *Tab) request(ctx context.Context, n *navigation) *http.Request {
	to := n.current()
	r := httptest.NewRequestWithContext(ctx, n.method, to.RequestURI(), strings.NewReader(n.body))
	setServer(r, to)
	for name, values := range t.Header {
		r.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	n.setHeaders(r.Header)
	if cookies := jar.Header(t.browser.jar.Cookies(n.access())); cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// setServer makes r a request to the server of a URL.
func setServer(r *http.Request, to *url.URL) {
	r.Host, r.Proto, r.ProtoMinor = to.Host, "HTTP/1.1", 1
	if to.Scheme == "https" {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: to.Hostname()}
	}
}

// serve calls the handler. A panic is an error: it does not end a server either.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = ErrAborted
		default:
			err = fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}
