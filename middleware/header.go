package middleware

import (
	"net/http"
	"slices"
	"strings"
)

// keepPrivate lets the response vary by the request headers that carry the token,
// and keeps it out of shared caches unless the handler says otherwise: some caches
// ignore Vary. The new lines are kept in values, which are the response's own. Each
// of the places never holds another line.
func keepPrivate(h http.Header, vary string, values *[3]string) {
	if !hasVary(h, vary) {
		if old := h["Vary"]; len(old) > 0 {
			h["Vary"] = append(slices.Clip(old), vary) // other responses may share the array
		} else {
			values[0] = vary
			h["Vary"] = values[0:1:1]
		}
	}
	if len(h["Cache-Control"]) == 0 {
		values[1] = "private"
		h["Cache-Control"] = values[1:2:2]
	}
}

func hasVary(h http.Header, value string) bool {
	for _, line := range h["Vary"] {
		if line == value || hasDirective(line, value) || hasDirective(line, "*") {
			return true
		}
	}
	return false
}

// keepFromCaches keeps a response with a token out of all caches, unless the
// handler has made it private itself. See keepPrivate for values.
func keepFromCaches(h http.Header, values *[3]string) {
	dropCacheHeaders(h)
	for _, line := range h["Cache-Control"] {
		if hasDirective(line, "private") || hasDirective(line, "no-store") {
			return
		}
	}
	values[2] = "no-store"
	h["Cache-Control"] = values[2:3:3]
}

// dropCacheHeaders removes the headers that some shared caches obey in place of
// Cache-Control (RFC 9213).
func dropCacheHeaders(h http.Header) {
	for name := range h {
		if isCacheHeader(name) {
			delete(h, name)
		}
	}
}

func isCacheHeader(name string) bool {
	return strings.HasSuffix(name, "-Cache-Control") || name == "Surrogate-Control" || name == "X-Accel-Expires" ||
		name == "Edge-Control" // of Akamai
}

// hasDirective reports whether a comma-separated list has an element, in any case.
func hasDirective(list, name string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), name) {
			return true
		}
	}
	return false
}
