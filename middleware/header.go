package middleware

import (
	"net/http"
	"strings"
)

// vary adds names of request headers, given as a value of the header, to Vary,
// unless they are there.
func vary(h http.Header, value string) {
	for _, line := range h["Vary"] {
		if line == value || hasToken(line, value) || hasToken(line, "*") {
			return
		}
	}
	h["Vary"] = append(h["Vary"], value)
}

// keepPrivate keeps a response that gives a visitor a token out of caches, unless
// the handler has seen to that itself.
func keepPrivate(h http.Header) {
	dropTargeted(h)
	for _, line := range h["Cache-Control"] {
		if hasToken(line, "private") || hasToken(line, "no-store") {
			return
		}
	}
	h["Cache-Control"] = []string{"no-store"}
}

// dropTargeted removes what some shared caches obey in the place of Cache-Control
// (RFC 9213).
func dropTargeted(h http.Header) {
	for name := range h {
		if targeted(name) {
			delete(h, name)
		}
	}
}

func targeted(name string) bool {
	return strings.HasSuffix(name, "-Cache-Control") || name == "Surrogate-Control" || name == "X-Accel-Expires"
}

// hasToken reports whether a comma-separated list has the token, in any case.
func hasToken(list, token string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}

// ofBody lists the headers that describe a body, a target or a lifetime that a
// response does not have any more when its commit has failed.
var ofBody = []string{
	"Accept-Ranges", "Clear-Site-Data", "Content-Digest", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range",
	"Content-Type", "Etag", "Expires", "Hx-Location", "Hx-Redirect", "Hx-Trigger", "Last-Modified",
	"Location", "Refresh", "Repr-Digest", "Trailer", "Transfer-Encoding",
}

// dropBody removes the headers of a body that will not be sent, but for the
// encoding that a compressor has set for whatever is sent.
func dropBody(h http.Header, encoding []string) {
	for _, name := range ofBody {
		delete(h, name)
	}
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(h, name)
		}
	}
	dropTargeted(h)
	if len(encoding) > 0 {
		h["Content-Encoding"] = encoding
	}
}
