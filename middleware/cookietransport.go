package middleware

import (
	"cmp"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// maxAge is the longest that browsers keep a cookie (RFC 6265bis, section 5.5).
const maxAge = 400 * 24 * time.Hour

// cookieTransport carries the token in a cookie.
type cookieTransport struct {
	cookie     Cookie // as configured, with its Path and without the Domain's dot
	invalid    error  // why browsers would refuse it
	name       string
	names      []string // for managers around this one
	attributes string
	signer     *signer // nil without secrets

	acceptUnsigned bool
}

func newCookieTransport(c Cookie, secrets [][]byte) *cookieTransport {
	t := &cookieTransport{cookie: c, name: c.name(), attributes: c.attributes()}
	t.names = []string{"cookie " + t.name}
	t.cookie.Path = cmp.Or(c.Path, "/")
	t.cookie.Domain = strings.ToLower(strings.TrimPrefix(c.Domain, "."))
	if len(secrets) > 0 {
		t.signer = newSigner(t.name, secrets)
	}
	return t
}

// receive looks at the header itself: net/http's parser gives up on a request
// with many cookies, takes quotes off values, and parses the others too. A genuine
// cookie wins over a forged one, which anybody may have set. Of two that are as good
// as each other, neither counts.
func (t *cookieTransport) receive(h http.Header) (received, error) {
	got := received{by: t}
	var found string
	var best worth
	var rejected error
	ambiguous := false
	for value := range t.values(h) {
		if value == "" || value == found {
			continue
		}
		worth, err := t.judge(value)
		switch {
		case worth == worthless:
			rejected = err
		case worth > best:
			found, best, ambiguous = value, worth, false
		case worth == best:
			ambiguous = true
		}
	}
	switch {
	case ambiguous:
		return got, errAmbiguous
	case best == worthless:
		return got, rejected
	}
	var err error
	if got.token, err = session.ParseToken(found[:tokenLen]); err != nil {
		return got, errMalformed
	}
	return got, nil
}

// values returns the values of the cookies with the session's name.
func (t *cookieTransport) values(h http.Header) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range h["Cookie"] {
			for line != "" {
				var pair string
				pair, line, _ = strings.Cut(line, ";")
				name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
				if name == t.name && !yield(value) {
					return
				}
			}
		}
	}
}

// misses reports whether browsers do not send the cookie with this request, since its
// path is not below the cookie's. A browser that sent one knows better, and so do
// proxies and handlers that shorten paths, such as http.StripPrefix.
func (t *cookieTransport) misses(r *request) bool {
	if t.cookie.Path == "/" {
		return false
	}
	for range t.values(r.header) {
		return false
	}
	path := r.url.EscapedPath()
	asked, _, _ := strings.Cut(r.uri, "?")
	if u, err := url.ParseRequestURI(asked); err == nil { // for which two slashes begin a path, as for browsers
		asked = u.EscapedPath()
	}
	before := strings.TrimSuffix(r.header.Get("X-Forwarded-Prefix"), "/")
	return !below(t.cookie.Path, path) && !below(t.cookie.Path, asked) && !below(t.cookie.Path, before+path)
}

// below reports whether a cookie of this path is sent to a request's path (RFC 6265,
// section 5.1.4).
func below(cookie, path string) bool {
	rest, ok := strings.CutPrefix(path, cookie)
	return ok && (rest == "" || rest[0] == '/' || cookie[len(cookie)-1] == '/')
}

// A worth says how far a cookie's value can be trusted.
type worth int

const (
	worthless worth = iota
	unsigned        // a token without a signature, where that is accepted
	genuine
)

// judge returns the worth of a value, and why it is worthless. It looks at the shape
// first, which is cheap.
func (t *cookieTransport) judge(value string) (worth, error) {
	signed := len(value) == valueLen(true) && value[tokenLen] == '.' && wellFormed(value[tokenLen+1:])
	switch {
	case !signed && len(value) != tokenLen, !tokenFormed(value[:tokenLen]):
		return worthless, errMalformed
	case t.signer == nil && signed:
		return worthless, errSigned
	case t.signer == nil:
		return genuine, nil
	case signed && t.signer.verify(value[:tokenLen], value[tokenLen+1:]):
		return genuine, nil
	case !signed && t.acceptUnsigned:
		return unsigned, nil
	}
	return worthless, errForged
}

// tokenFormed reports whether s, which is as long as a token, could be one.
func tokenFormed(s string) bool {
	return s[idLen] == '.' && wellFormed(s[:idLen]) && wellFormed(s[idLen+1:])
}

// wellFormed reports whether s could be a part of a token or a signature.
func wellFormed(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (t *cookieTransport) send(h http.Header, issued issuedToken) {
	text := issued.token.Reveal()
	b := make([]byte, 0, 256)
	b = append(b, t.name...)
	b = append(b, '=')
	b = append(b, text...)
	if t.signer != nil {
		b = append(b, '.')
		b = t.signer.append(b, text)
	}
	if !issued.until.IsZero() && (issued.until.Before(issued.deadline) || !issued.remembered) {
		issued.remembered, issued.deadline = true, issued.until // the browser renews a cookie that has ended
	}
	if issued.remembered {
		left := min(time.Until(issued.deadline), maxAge)
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, max(int64(left/time.Second), 1), 10)
	}
	b = append(b, t.attributes...)
	t.set(h, string(b))
}

func (t *cookieTransport) forget(h http.Header) {
	t.set(h, t.name+"=; Max-Age=0"+t.attributes)
}

// set puts the cookie into a response's header, in the place of an earlier one.
func (t *cookieTransport) set(h http.Header, line string) {
	h["Set-Cookie"] = append(t.others(h), line)
}

func (t *cookieTransport) drop(h http.Header) {
	if h["Set-Cookie"] = t.others(h); len(h["Set-Cookie"]) == 0 {
		delete(h, "Set-Cookie")
	}
}

// others returns the cookies of a response that are not the session's. It changes no
// line in place, and leaves no room for one: a handler may share the array among
// responses, which would get each other's tokens.
func (t *cookieTransport) others(h http.Header) []string {
	lines := h["Set-Cookie"]
	own := func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return name == t.name
	}
	if slices.ContainsFunc(lines, own) {
		lines = slices.DeleteFunc(slices.Clone(lines), own)
	}
	return slices.Clip(lines)
}

func (t *cookieTransport) sources() []string    { return []string{"Cookie"} }
func (t *cookieTransport) tokenNames() []string { return t.names }
