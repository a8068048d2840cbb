// Package proxies starts nginx, HAProxy and Caddy in front of a handler, for tests:
// with TLS, HTTP/2, compression, and a cache where the program has one.
package proxies
