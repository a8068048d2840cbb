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
	for _, line := range h["Cache-Control"] {
		if hasToken(line, "private") || hasToken(line, "no-store") {
			return
		}
	}
	h["Cache-Control"] = []string{"no-store"}
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
	"Accept-Ranges", "Cdn-Cache-Control", "Clear-Site-Data", "Content-Digest", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range",
	"Content-Type", "Etag", "Expires", "Hx-Location", "Hx-Redirect", "Hx-Trigger", "Last-Modified",
	"Location", "Refresh", "Repr-Digest", "Surrogate-Control", "Trailer", "Transfer-Encoding",
}
