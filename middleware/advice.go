package middleware

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
)

// An advice is a hint for operators about a mistake in the configuration that only
// requests show. It is logged once for each manager.
type advice struct{ given atomic.Bool }

func (a *advice) log(ctx context.Context, logger *slog.Logger, text string, attrs ...slog.Attr) {
	if !a.given.Swap(true) {
		logger.LogAttrs(ctx, slog.LevelWarn, text, attrs...)
	}
}

const (
	adviceTwoCookies = "sessions: a request has two different session cookies of one name, and is anonymous; " +
		"the other one may be left from another Path, Domain or Partitioned, or be set by another host of the domain: " +
		"change Cookie.Name whenever these change"
	adviceSignature = "sessions: a request has a session cookie that none of Options.Secrets signed, and is anonymous; " +
		"if secrets were introduced, set Options.AcceptUnsigned for a while; if they were changed, keep the earlier ones after the new one"
	adviceSigned = "sessions: a request has a session cookie that is signed, and is anonymous, because there are no Options.Secrets; " +
		"if they were removed, set them again: visitors with signed cookies are logged out without them"
	adviceIgnored = "sessions: some variables of the environment look like those of a Config, but are none, and are ignored"

	advicePlainHTTP = "sessions: a Secure cookie is set over plain http, and browsers will drop it; " +
		"use TLS, let the proxy set X-Forwarded-Proto, or set Cookie.Insecure (SESSIONS_COOKIE_INSECURE=true) for development"
)

func adviceSideBySide(one, other, cookie string) string {
	return "sessions: the managers of " + one + " and " + other + " both use the cookie " + cookie +
		" on one host, and overwrite each other's: visitors lose their sessions; give one another Cookie.Name"
}

// dropsSecureCookie reports whether a browser drops the cookie of the response,
// which is Secure, since the request came over plain http. A host that is named
// localhost, or is a loopback address, counts as secure.
func (x *response[T]) dropsSecureCookie() bool {
	if !byCookie(x.use.by) || x.request.cookie.cookie.Insecure || !x.plainHTTP() {
		return false
	}
	return !trusted(x.request.host)
}

// trusted reports whether browsers keep Secure cookies of this host without TLS. It
// counts example.com, the host of net/http/httptest.
func trusted(host string) bool {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	switch {
	case host == "", host == "localhost", host == "example.com", strings.HasSuffix(host, ".localhost"):
		return true
	case host[0] == '[' || '0' <= host[0] && host[0] <= '9':
		ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil && ip.IsLoopback()
	}
	return false
}

// plainHTTP reports whether the client used plain http, as far as the request's
// headers tell.
func (x *response[T]) plainHTTP() bool {
	if x.request.tls || x.request.header.Get("Forwarded") != "" {
		return false
	}
	proto := x.request.header.Get("X-Forwarded-Proto")
	return proto == "" || strings.EqualFold(proto, "http")
}
