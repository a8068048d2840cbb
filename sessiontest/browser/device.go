package browser

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/seed48429006/sessions/internal/dbsc"
	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

// A device keeps the keys of the sessions that are bound to it (Device Bound Session
// Credentials).
type device struct {
	mu    sync.Mutex // one exchange at a time: other requests wait for its cookie
	bound []*boundSession
}

// A boundSession is a session as its browser knows it.
type boundSession struct {
	id        string
	origin    *url.URL
	refresh   *url.URL
	key       *ecdsa.PrivateKey
	challenge string
	config    sessionConfig
}

// A sessionConfig is a server's description of a session (section 9.6 of the
// specification).
type sessionConfig struct {
	Identifier string `json:"session_identifier"`
	RefreshURL string `json:"refresh_url"`
	Continue   *bool
	Scope      struct {
		Origin      string
		IncludeSite bool        `json:"include_site"`
		Rules       []scopeRule `json:"scope_specification"`
	}
	Credentials []struct{ Type, Name, Attributes string }
	Initiators  []string `json:"allowed_refresh_initiators"`
}

type scopeRule struct{ Type, Domain, Path string }

// maxChallenges bounds the challenges that are answered in a row, as in Chromium.
const maxChallenges = 5

// refreshBound refreshes the bound sessions whose cookie the request lacks. It returns
// the value of Secure-Session-Skipped, for sessions that could not be refreshed.
func (t *Tab) refreshBound(ctx context.Context, n *navigation, page *Page) (skipped string) {
	d := t.browser.device
	if d == nil {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range slices.Clone(d.bound) {
		if !t.needsRefresh(s, n) {
			continue
		}
		if reason := t.refreshOne(ctx, s, n, page); reason != "" {
			if skipped != "" {
				skipped += ", "
			}
			skipped += reason + ";session_identifier=" + dbsc.Quote(s.id)
		}
	}
	return skipped
}

func (t *Tab) needsRefresh(s *boundSession, n *navigation) bool {
	return s.covers(n.current()) && s.startedBy(n) && slices.ContainsFunc(s.config.Credentials, func(c struct{ Type, Name, Attributes string }) bool {
		return t.browser.jar.Lacks(n.access(), c.Name, c.Attributes)
	})
}

// covers reports whether a URL is in the session's scope (section 8.2).
func (s *boundSession) covers(u *url.URL) bool {
	switch {
	case s.config.Scope.IncludeSite && jar.Site(u) != jar.Site(s.origin),
		!s.config.Scope.IncludeSite && origin(u) != origin(s.origin),
		u.String() == s.refresh.String():
		return false
	}
	for _, rule := range s.config.Scope.Rules {
		path := rule.Path
		if path == "" {
			path = "/"
		}
		rest, below := strings.CutPrefix(u.Path, path)
		if below = below && (rest == "" || strings.HasSuffix(path, "/") || rest[0] == '/'); below && (rule.Domain == "" || matchesHost(u.Hostname(), rule.Domain)) {
			return rule.Type == "include"
		}
	}
	return true
}

// startedBy reports whether the page from which a request comes may start a refresh
// (section 8.3).
func (s *boundSession) startedBy(n *navigation) bool {
	if n.from == nil {
		return true
	}
	from := n.from.URL
	if s.config.Scope.IncludeSite && jar.Site(from) == jar.Site(s.origin) || origin(from) == origin(s.origin) {
		return true
	}
	return slices.ContainsFunc(s.config.Initiators, func(pattern string) bool { return matchesHost(from.Hostname(), pattern) })
}

func matchesHost(host, pattern string) bool {
	suffix, any := strings.CutPrefix(pattern, "*.")
	return pattern == "*" || host == pattern || any && strings.HasSuffix(host, "."+suffix)
}

// refreshOne refreshes one session. It returns why the browser gave up, if it keeps the
// session.
func (t *Tab) refreshOne(ctx context.Context, s *boundSession, n *navigation, page *Page) (reason string) {
	for range maxChallenges {
		header := http.Header{dbsc.HeaderID: {dbsc.Quote(s.id)}}
		if s.challenge != "" {
			header.Set(dbsc.HeaderProof, prove(s.key, s.challenge, false))
		}
		s.challenge = ""
		response, body, err := t.ask(ctx, s.refresh, n, header, page)
		if err != nil {
			return "unreachable"
		}
		t.noteChallenges(s.refresh, response.Header)
		switch status := response.StatusCode; {
		case status == http.StatusForbidden && s.challenge != "":
			continue
		case status >= 500:
			return "server_error"
		case status >= 300, !t.adopt(s.refresh, s.key, s, body):
			t.forget(s)
		}
		return ""
	}
	t.forget(s)
	return ""
}

func (t *Tab) forget(s *boundSession) {
	d := t.browser.device
	d.bound = slices.DeleteFunc(d.bound, func(other *boundSession) bool { return other == s })
}

// bind binds the sessions that a response offers. A browser does it beside the next
// requests, and this one before them.
func (t *Tab) bind(ctx context.Context, n *navigation, h http.Header, page *Page) {
	d := t.browser.device
	if d == nil || !trustworthy(n.current()) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t.noteChallenges(n.current(), h)
	for _, offer := range dbsc.ParseList(strings.Join(h.Values(dbsc.HeaderRegistration), ", ")) {
		to, err := n.current().Parse(offer.Params["path"])
		if err != nil || offer.Params["path"] == "" || !slices.Contains(offer.Values, dbsc.ES256) || jar.Site(to) != jar.Site(n.current()) {
			continue
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err) // never: see crypto/rand
		}
		header := http.Header{}
		if challenge := offer.Params["challenge"]; challenge != "" {
			header.Set(dbsc.HeaderProof, prove(key, challenge, true))
		}
		response, body, err := t.ask(ctx, to, n, header, page)
		if err == nil && response.StatusCode == http.StatusOK && t.adopt(to, key, nil, body) {
			t.noteChallenges(to, response.Header)
		}
	}
}

// adopt keeps the session of an answer, and reports whether it goes on.
func (t *Tab) adopt(from *url.URL, key *ecdsa.PrivateKey, old *boundSession, body string) bool {
	var config sessionConfig
	if body == "" {
		return old != nil
	}
	if json.Unmarshal([]byte(body), &config) != nil || config.Identifier == "" || config.Continue != nil && !*config.Continue ||
		old != nil && config.Identifier != old.id {
		return false
	}
	s := &boundSession{id: config.Identifier, key: key, config: config, origin: from}
	var err error
	if s.refresh, err = from.Parse(config.RefreshURL); err != nil || jar.Site(s.refresh) != jar.Site(from) {
		return false
	}
	if config.Scope.Origin != "" {
		if s.origin, err = url.Parse(config.Scope.Origin); err != nil || jar.Site(s.origin) != jar.Site(from) {
			return false
		}
	}
	if old != nil {
		s.challenge = old.challenge
	}
	d := t.browser.device
	d.bound = slices.DeleteFunc(d.bound, func(other *boundSession) bool {
		return other.id == s.id && jar.Site(other.origin) == jar.Site(s.origin)
	})
	d.bound = append(d.bound, s)
	return true
}

// noteChallenges keeps the challenges of a response, for the next proofs, and obeys
// Clear-Site-Data.
func (t *Tab) noteChallenges(from *url.URL, h http.Header) {
	d := t.browser.device
	for _, item := range dbsc.ParseList(strings.Join(h.Values(dbsc.HeaderChallenge), ", ")) {
		for _, s := range d.bound {
			if s.id == item.Params["id"] && jar.Site(s.origin) == jar.Site(from) && len(item.Values) == 1 {
				s.challenge = item.Values[0]
			}
		}
	}
	for _, what := range dbsc.ParseList(strings.Join(h.Values("Clear-Site-Data"), ", ")) {
		if slices.ContainsFunc(what.Values, func(v string) bool { return v == "*" || v == "storage" || v == "cookies" }) {
			d.bound = slices.DeleteFunc(d.bound, func(s *boundSession) bool { return jar.Site(s.origin) == jar.Site(from) })
		}
	}
}

// ask makes a request of the browser's own, started by a page's.
func (t *Tab) ask(ctx context.Context, to *url.URL, by *navigation, header http.Header, page *Page) (*http.Response, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n := &navigation{method: http.MethodPost, from: by.from, script: true, urls: []*url.URL{to}}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, to.RequestURI(), nil)
	setServer(r, to)
	maps.Copy(r.Header, header)
	r.Header.Set("Origin", origin(to))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "no-cors")
	r.Header.Set("Sec-Fetch-Dest", "empty")
	if n.from != nil && jar.Site(n.from.URL) != jar.Site(to) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	if cookies := jar.Header(t.browser.jar.Cookies(n.access())); cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	w := httptest.NewRecorder()
	if err := serve(t.browser.handler, w, r); err != nil {
		return nil, "", err
	}
	response := w.Result()
	own := n.access()
	own.SameSite = true // the browser itself asks, so no page can be cross-site
	for _, line := range response.Header.Values("Set-Cookie") {
		if err := t.browser.jar.Set(own, line); err != nil {
			page.Refused = append(page.Refused, Refused{line, err})
		}
	}
	page.Device = append(page.Device, Hop{http.MethodPost, to, response.StatusCode, response.Header})
	return response, w.Body.String(), nil
}

// prove returns the signed answer to a challenge.
func prove(key *ecdsa.PrivateKey, challenge string, withKey bool) string {
	header := map[string]any{"alg": dbsc.ES256, "typ": "dbsc+jwt"}
	if withKey {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			panic(err) // a key of P-256 has a point
		}
		header["jwk"] = map[string]string{"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])}
	}
	text := encodeJSON(header) + "." + encodeJSON(map[string]string{"jti": challenge})
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err) // never: see crypto/rand
	}
	return text + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func encodeJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // of strings
	}
	return encode(data)
}
