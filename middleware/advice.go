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
		"an older cookie with another Path or Domain may be left in the browser: change Cookie.Name"
	advicePlainHTTP = "sessions: a Secure cookie is set over plain http, and browsers will drop it; " +
		"use TLS, let the proxy set X-Forwarded-Proto, or set Cookie.Insecure for development"
)

// plainHTTP reports whether the request came over plain http from a host that
// browsers do not trust with Secure cookies, as far as its headers tell.
func (x *exchange[T]) plainHTTP() bool {
	if x.tls || x.header.Get("X-Forwarded-Proto") != "" || x.header.Get("Forwarded") != "" {
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
