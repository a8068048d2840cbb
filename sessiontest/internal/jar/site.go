package jar

import (
	"net/netip"
	"net/url"
	"strings"
)

// Site returns the site of a URL: its scheme and registrable domain.
func Site(u *url.URL) string { return u.Scheme + "://" + registrable(host(u)) }

// host returns the canonical host of a URL.
func host(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

// registrable returns the part of a host below which everything has one owner.
func registrable(host string) string {
	labels := strings.Split(host, ".")
	for i := max(0, len(labels)-3); i < len(labels)-1 && !isAddress(host); i++ {
		if rest := strings.Join(labels[i:], "."); !publicSuffix(rest) {
			if next := strings.Join(labels[i+1:], "."); publicSuffix(next) {
				return rest
			}
		}
	}
	return host
}

// publicSuffix reports whether anybody can register names below a domain: those
// without a dot, and those like co.uk. It stands for the list of all, which is long.
func publicSuffix(domain string) bool {
	second, top, dotted := strings.Cut(domain, ".")
	if !dotted {
		return true
	}
	if len(top) != 2 {
		return false
	}
	switch second {
	case "ac", "co", "com", "edu", "gov", "net", "org":
		return true
	}
	return false
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

// pathMatch reports whether a cookie's path covers that of a request.
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
