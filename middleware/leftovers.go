package middleware

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxLeftovers bounds the cookies that one response clears: some proxies refuse
// headers of more than 4 kB.
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
	ours := t.cookie
	clear := func(c Cookie) {
		if c != ours && c.name() == t.name && c.check(t.signer != nil) == nil && len(lines) < maxLeftovers {
			lines = append(lines, t.name+"=; Max-Age=0"+c.attributes())
		}
	}
	other := ours
	other.Partitioned = !ours.Partitioned
	clear(other)
	for _, p := range pathsAbove(path) {
		other = ours
		other.Path = p
		clear(other)
	}
	for _, d := range domainsAbove(host) {
		other = ours
		other.Domain = d
		clear(other)
	}
	return lines
}

// pathsAbove returns the values of Path with which a cookie is sent to path:
// "/", "/a", "/a/" and "/a/b" for "/a/b".
func pathsAbove(path string) []string {
	paths := []string{"/"}
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			paths = append(paths, path[:i], path[:i+1])
		}
	}
	if len(path) > 1 && path[len(path)-1] != '/' {
		paths = append(paths, path)
	}
	return paths
}

// domainsAbove returns the values of Domain with which a cookie is sent to host.
// The empty one is that of a cookie for the host only.
func domainsAbove(host string) []string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	domains := []string{""}
	if net.ParseIP(host) != nil {
		return domains
	}
	for domain, ok := strings.ToLower(host), true; ok; _, domain, ok = strings.Cut(domain, ".") {
		domains = append(domains, domain)
	}
	return domains
}
