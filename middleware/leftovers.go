package middleware

import (
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxLeftovers bounds the cookies that a response clears: some proxies refuse headers
// of more than 4 kB.
const maxLeftovers = 10

// A cookieCleaner gives a token to a client that holds two cookies of our name. The
// other cookie would make every later request ambiguous, so it is cleared.
type cookieCleaner struct {
	*cookieTransport
	host string // of the request
	path string
}

// send puts our cookie last: to browsers that take a cleared cookie for ours, the
// last one counts.
func (c cookieCleaner) send(h http.Header, issued issuedToken) {
	c.cookieTransport.send(h, issued)
	lines := h["Set-Cookie"]
	h["Set-Cookie"] = slices.Insert(lines, len(lines)-1, c.leftovers(c.host, c.path)...)
}

// leftovers returns lines that clear cookies of our name which differ from ours in
// one attribute: those that an earlier configuration may have set and that a
// browser sends with this request.
func (t *cookieTransport) leftovers(host, path string) (lines []string) {
	clear := func(c Cookie) bool {
		if c != t.cookie && c.name() == t.name && c.check(t.signer != nil) == nil {
			lines = append(lines, t.name+"=; Max-Age=0"+c.attributes())
		}
		return len(lines) < maxLeftovers
	}
	other := t.cookie
	other.Partitioned = !other.Partitioned
	clear(other)
	for p := range pathsAbove(path) {
		other = t.cookie
		if other.Path = p; !clear(other) {
			return lines
		}
	}
	for d := range domainsAbove(host) {
		other = t.cookie
		if other.Domain = d; !clear(other) {
			return lines
		}
	}
	return lines
}

// pathsAbove returns the values of Path with which a cookie is sent to path: "/",
// "/a", "/a/" and "/a/b" for "/a/b". None has more bytes than browsers take, nor one
// that ends the attribute.
func pathsAbove(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield("/") {
			return
		}
		for i := 1; i < len(path); i++ {
			switch c := path[i]; {
			case i == maxAttribute || c < ' ' || c > '~' || c == ';':
				return
			case c == '/' && (!yield(path[:i]) || !yield(path[:i+1])):
				return
			}
		}
		if len(path) > 1 && len(path) <= maxAttribute && path[len(path)-1] != '/' {
			yield(path)
		}
	}
}

// maxHost is the longest name that a host can have (RFC 1035, section 2.3.4).
const maxHost = 253

// domainsAbove returns the values of Domain with which a cookie is sent to host. The
// empty value means a cookie for the host only.
func domainsAbove(host string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !yield("") || len(host) > maxHost || net.ParseIP(host) != nil {
			return
		}
		for domain, ok := strings.ToLower(host), true; ok; _, domain, ok = strings.Cut(domain, ".") {
			if !yield(domain) {
				return
			}
		}
	}
}
