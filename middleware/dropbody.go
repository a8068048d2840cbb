package middleware

import (
	"net/http"
	"slices"
	"strings"
)

// An error response replaces the handler's response. Headers go that describe the
// handler's body, or that make a client act as if the handler had succeeded. Headers
// stay that hold for every answer of the URL: those that protect a page, such as
// Content-Security-Policy, X-Frame-Options and X-Robots-Tag; CORS, because scripts
// cannot read the error without it; Vary; Strict-Transport-Security, Alt-Svc and
// reporting; Allow and Www-Authenticate; cookies, which may be another manager's.

// droppedHeaders are headers that an error response does not keep.
var droppedHeaders = []string{
	// The representation (RFC 9110, sections 8 and 14), its digests (RFC 9530, and RFC
	// 3230 before), signatures over it (RFC 9421), and how it was derived (RFC 3229,
	// RFC 7240, RFC 9842).
	"Accept-Ranges", "Digest", "Etag", "Last-Modified", "Repr-Digest", "Signature", "Signature-Input",
	"Delta-Base", "Im", "Preference-Applied", "Use-As-Dictionary", "Sourcemap", "X-Sourcemap", "X-Content-Duration",
	// Its transfer (RFC 9110, sections 6.6.2 and 7.8; RFC 9112).
	"Trailer", "Transfer-Encoding", "Upgrade",
	// Its age and lifetime (RFC 9111). Cache-Control is replaced.
	"Age", "Expires", "No-Vary-Search", "Retry-After",
	// Redirects, and resources to fetch for the page (RFC 9110, section 10.2.2; RFC
	// 8288).
	"Link", "Location", "Refresh", "Service-Worker-Allowed", "Speculation-Rules",
	// Effects of a log-in or log-out in the browser.
	"Clear-Site-Data", "Set-Login", "Sec-Session-Challenge", "Sec-Session-Registration",
	"Secure-Session-Challenge", "Secure-Session-Registration",
}

// droppedPrefixes are beginnings of such headers.
var droppedPrefixes = []string{
	"Content-",              // of the representation; but see keptHeaders
	http.TrailerPrefix,      // of net/http
	"Sec-Websocket-",        // the handshake (RFC 6455)
	"Grpc-",                 // the status of a call
	"X-Accel-",              // nginx sends a file, or treats the body in another way
	"X-Sendfile",            // Apache and others send a file
	"X-Lighttpd-Send-",      // so does lighttpd
	"X-Litespeed-",          // LiteSpeed sends another page or file, and empties its cache
	"X-Reproxy-",            // Perlbal fetches another URL
	"Hx-",                   // htmx follows, swaps and triggers
	"X-Inertia",             // Inertia follows, or takes the body for its own
	"Turbo-",                // Turbo follows
	"Turbolinks-",           // its predecessor
	"X-Turbolinks-",         //
	"X-Up-",                 // Unpoly follows, and empties its cache
	"X-Pjax-",               // pjax follows
	"X-Ic-",                 // intercooler follows and triggers
	"Datastar-",             // Datastar patches the page
	"Attribution-Reporting", // a browser counts a sale
}

// keptHeaders protect the error page, too.
var keptHeaders = []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"}

func isBodyHeader(name string) bool {
	name = http.CanonicalHeaderKey(name)
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return !slices.Contains(keptHeaders, name) &&
		(slices.Contains(droppedHeaders, name) || isCacheHeader(name) || slices.ContainsFunc(droppedPrefixes, begins))
}

// dropBody removes the headers of a response that will not be sent, and its trailers,
// except for the encoding that a compressor around the manager has set.
func dropBody(h http.Header, encoding []string) {
	for _, line := range h["Trailer"] { // fields about the body, such as its checksum
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if isBodyHeader(name) {
			delete(h, name)
		}
	}
	if len(encoding) > 0 {
		h["Content-Encoding"] = encoding
	}
}
