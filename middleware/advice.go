package middleware

import (
	"context"
	"log/slog"
	"net"
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
	advicePlainHTTP = "sessions: a Secure cookie is set over plain http, and browsers will drop it; " +
		"use TLS, let the proxy set X-Forwarded-Proto, or set Cookie.Insecure for development"
)

// dropsSecureCookie reports whether a browser drops the cookie of the response,
// which is Secure, since the request came over plain http. A host that is named
// localhost, or is a loopback address, counts as secure.
func (x *exchange[T]) dropsSecureCookie() bool {
	if _, ok := x.received.by.(headerTransport); ok || x.m.options.Cookie.Insecure || !x.plainHTTP() {
		return false
	}
	host := x.host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if host == "example.com" { // of net/http/httptest
		return false
	}
	return host != "" && host != "localhost" && !strings.HasSuffix(host, ".localhost") && (ip == nil || !ip.IsLoopback())
}

// plainHTTP reports whether the client used plain http, as far as the request's
// headers tell.
func (x *exchange[T]) plainHTTP() bool {
	if x.tls || x.header.Get("Forwarded") != "" {
		return false
	}
	proto := x.header.Get("X-Forwarded-Proto")
	return proto == "" || strings.EqualFold(proto, "http")
}
