package middleware

import (
	"net/http"
	"strings"
)

// vary adds names of request headers, given as a value of the header, to Vary,
// unless they are there.
func vary(h http.Header, value []string) {
	given := h["Vary"]
	if len(given) == 0 {
		h["Vary"] = value
		return
	}
	for _, line := range given {
		if hasToken(line, value[0]) || hasToken(line, "*") {
			return
		}
	}
	h["Vary"] = append(given, value[0])
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
	"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language",
	"Content-Length", "Content-Range", "Content-Type", "Etag", "Expires", "Last-Modified", "Location",
	"Refresh", "Trailer", "Transfer-Encoding",
}
