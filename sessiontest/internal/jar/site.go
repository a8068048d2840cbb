package jar

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Site returns the site of a URL: its scheme and registrable domain.
func Site(u *url.URL) string { return u.Scheme + "://" + registrable(host(u)) }

// host returns the canonical host of a URL.
func host(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

// registrable returns the part of a host below which everything has one owner.
func registrable(host string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && !isAddress(host) {
		return domain
	}
	return host
}

// publicSuffix reports whether anybody can register names below a domain: "com",
// "co.uk", "github.io", and names without a dot.
func publicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// domainMatch reports whether a cookie of a domain is a host's (section 5.1.3).
func domainMatch(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain) && !isAddress(host)
}

// defaultPath returns the path of a cookie that names none (section 5.1.4).
func defaultPath(u *url.URL) string {
	path := u.EscapedPath()
	if i := strings.LastIndexByte(path, '/'); i > 0 && path[0] == '/' {
		return path[:i]
	}
	return "/"
}

// pathMatch reports whether a cookie's path covers a request's path.
func pathMatch(path, cookie string) bool {
	if path == "" {
		path = "/"
	}
	rest, below := strings.CutPrefix(path, cookie)
	return below && (rest == "" || strings.HasSuffix(cookie, "/") || rest[0] == '/')
}

// Secure reports whether a request to a URL is protected from others on the network.
func Secure(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "wss" }

// Localhost reports whether a URL is of this machine.
func Localhost(u *url.URL) bool {
	h := host(u)
	if addr, err := netip.ParseAddr(h); err == nil {
		return addr.IsLoopback()
	}
	return h == "localhost" || strings.HasSuffix(h, ".localhost")
}
