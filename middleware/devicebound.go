package middleware

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// The defaults of a zero [DeviceBound].
const (
	DefaultDeviceLife = 10 * time.Minute
	DefaultDevicePath = ".sessions/device" // below Cookie.Path
)

// minDeviceLife is the least life of a bound secret. Chromium refreshes one that has two
// minutes left with every request.
const minDeviceLife = 3 * time.Minute

// DeviceBound binds logged-in sessions to the visitor's device, if the browser can:
// Device Bound Session Credentials (W3C), in Chrome since version 145. The zero
// DeviceBound is off. The guide docs/guides/cookie-theft.md says which attacks it
// stops.
//
// The response to a log-in asks the browser to make a key. The browser then gets a
// cookie that lives for minutes, and renews it by a signature that only its device can
// make. Requests that need the cookie wait for the renewal. A copy of the cookie is
// worthless after Life and thirty seconds, which are for requests on their way.
//
// It needs the cookie, over TLS, for a single host: neither Cookie.Domain nor
// CookieFor. Browsers without it, and API clients, have sessions as before. After it is
// switched off, bound sessions end within Life.
type DeviceBound struct {
	// Enabled switches it on.
	Enabled bool

	// Life is how long a secret lives on a bound device. Zero means 10 minutes; the
	// least is 3. A refresh is no use of the session for Options.IdleTimeout.
	Life time.Duration

	// Path is where browsers bind and refresh sessions, by POST requests. The manager's
	// handler answers below it. Empty means ".sessions/device" below Cookie.Path. A
	// protection against cross-site requests in front of the manager must let it pass.
	// Managers around the same handler need different paths.
	Path string

	// Initiators are the hosts with pages that may start a refresh beside the site's
	// own: "partner.example", "*.example.com", or "*" for all. Without it, a visitor
	// who follows another site's link after Life arrives logged out. With it, that site
	// can measure whether its visitors are logged in here, if their browsers send the
	// cookie. Nil means all for a SameSite=Lax cookie, which goes only with links that
	// the visitor follows, and none otherwise.
	Initiators []string

	// FallBack lets a session go on unbound if it was bound, was then logged in to
	// again, and is not bound again. Otherwise it ends after Life.
	FallBack bool

	// RememberedOnly leaves ordinary sessions unbound, unless they were bound before a
	// log-in. A key outlives the browser, so an ordinary session that is bound ends only by
	// IdleTimeout, and not with the browser.
	RememberedOnly bool
}

func (d *DeviceBound) check(o *Options, refuse func(bad bool, format string, args ...any)) {
	if !d.Enabled {
		refuse(d.Life != 0 || d.Path != "" || d.Initiators != nil || d.FallBack || d.RememberedOnly, "DeviceBound has settings; set DeviceBound.Enabled, or nothing is bound")
		return
	}
	refuse(d.Life != 0 && d.Life < minDeviceLife, "DeviceBound.Life is %v; use at least %v, since browsers refresh a cookie that has two minutes left with every request", d.Life, minDeviceLife)
	refuse(d.Life > maxAge, "DeviceBound.Life is %v; browsers keep cookies for 400 days at most", d.Life)
	path := d.path(&o.Cookie)
	refuse(!plainPath(path), "DeviceBound.Path is %q; use letters, digits and - . _ between slashes, with one at the beginning and none at the end", path)
	for i, host := range d.Initiators {
		refuse(host == "" || strings.ContainsAny(host, "/:\"\\ ") || strings.Contains(strings.TrimPrefix(host, "*."), "*") && host != "*",
			"DeviceBound.Initiators[%d] is %q; give a host, *. and a domain, or *", i, host)
	}
	refuse(o.Cookie.Insecure, "DeviceBound needs a Secure cookie; unset Cookie.Insecure")
	refuse(o.Cookie.Domain != "", "DeviceBound binds the cookie of one host; unset Cookie.Domain")
	refuse(o.Cookie.Partitioned, "DeviceBound does not bind a cookie that is kept apart for each embedding site; unset Cookie.Partitioned")
	refuse(o.CookieFor != nil, "DeviceBound binds one cookie; unset CookieFor, whose cookies must not take over each other's sessions")
	_, header := o.Transport.(headerTransport)
	refuse(header, "DeviceBound binds a cookie, and Transport has none; use CookieOrHeader")
}

func (d *DeviceBound) life() time.Duration { return cmp.Or(d.Life, DefaultDeviceLife) }

func (d *DeviceBound) path(c *Cookie) string {
	if d.Path != "" {
		return d.Path
	}
	return strings.TrimSuffix(cmp.Or(c.Path, "/"), "/") + "/" + DefaultDevicePath
}

// initiators returns the hosts with pages that may start a refresh.
func (d *DeviceBound) initiators(c *Cookie) []string {
	if d.Initiators == nil && (c.SameSite == 0 || c.SameSite == http.SameSiteDefaultMode || c.SameSite == http.SameSiteLaxMode) {
		return []string{"*"}
	}
	return d.Initiators
}

// plainPath reports whether a path needs no escapes, and looks alike to everybody.
func plainPath(path string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
		}) {
			return false
		}
	}
	return path[0] == '/' && len(path) <= maxAttribute
}
