package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// DefaultCookieName is the cookie's name, before its prefix, if none is given.
const DefaultCookieName = "session_id"

// The prefixes by which browsers enforce a cookie's attributes (RFC 6265bis,
// section 4.1.3).
const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

// The bytes that browsers accept in a cookie: in name and value together, and in an
// attribute (RFC 6265bis, section 5.6).
const (
	maxCookie    = 4096
	maxAttribute = 1024
)

// A Cookie sets the attributes of the session's cookie. The zero Cookie is
//
//	__Host-session_id=…; Path=/; Secure; HttpOnly; SameSite=Lax
//
// It is always HttpOnly. The cookie of a remembered session has a Max-Age too, the time
// that is left of the session's lifetime. Other cookies end with the browser: see
// [session.Session.Remember].
//
// If Domain, Path or Partitioned change, browsers may send an old cookie beside the new
// one. Such a request is anonymous and is logged, because an attacker may have set
// either cookie. The next response with a token, such as the answer to a log-in, clears
// the old cookie if only one of these fields changed. A new Name avoids the trouble.
type Cookie struct {
	// Name, without prefix. Empty means "session_id". The prefix is added by
	// rule: __Host- in general, __Secure- with a Domain or a Path of your own,
	// none if Insecure.
	Name string

	// Domain, if set, lets subdomains see the cookie. All of them must then be trusted.
	// Empty means this host only.
	Domain string

	// Path below which the cookie is sent. Empty means "/". A request outside of it
	// finds no session, and cannot begin one, because its cookie would replace the
	// cookie below Path. Changes there fail with [session.ErrLate]. A proxy that
	// shortens paths must send X-Forwarded-Prefix; http.StripPrefix needs nothing.
	Path string

	// SameSite is Lax if zero. None needs Secure, and admits cross-site
	// requests, also with Partitioned or Secrets: see [http.CrossOriginProtection].
	SameSite http.SameSite

	// Partitioned keeps a cookie of an embedded page apart for each site that
	// embeds it (CHIPS).
	Partitioned bool

	// Insecure drops Secure and the prefix, for development over plain http.
	// Chromium and curl take Secure cookies from http://localhost, too, and
	// do not need it there; Safari is said to.
	Insecure bool
}

// check returns everything about c that browsers or the framework would refuse.
func (c *Cookie) check(signed bool) error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("sessions: "+format, args...))
		}
	}
	lower := strings.ToLower(c.Name)
	refuse(strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-"),
		"Cookie.Name is %.100q; leave the prefix out, it is added as the other fields allow", c.Name)
	refuse(c.Path != "" && c.Path[0] != '/', "Cookie.Path is %.100q; it must begin with a slash", c.Path)
	refuse(len(c.Path) > maxAttribute, "Cookie.Path has %d bytes; browsers take %d", len(c.Path), maxAttribute)
	refuse(c.Insecure && c.SameSite == http.SameSiteNoneMode, "Cookie.SameSite=None needs a secure cookie; unset Cookie.Insecure")
	refuse(c.Insecure && c.Partitioned, "Cookie.Partitioned needs a secure cookie; unset Cookie.Insecure")
	refuse(c.SameSite < 0 || c.SameSite > http.SameSiteNoneMode, "Cookie.SameSite is %d, which is none of net/http's values", c.SameSite)
	refuse(len(c.name())+valueLen(signed) > maxCookie, "Cookie.Name has %d bytes; browsers take %d of name and value", len(c.Name), maxCookie)
	bad := func(plain http.Cookie) bool { return plain.Valid() != nil }
	refuse(bad(http.Cookie{Name: c.name()}), "Cookie.Name is %.100q; it takes the characters of a token (RFC 9110, section 5.6.2): no spaces, quotes or separators", c.Name)
	refuse(bad(http.Cookie{Name: "x", Path: c.Path}), "Cookie.Path is %.100q; it takes printable ASCII characters but the semicolon", c.Path)
	refuse(strings.ContainsAny(c.Path, "?#") || strings.HasSuffix(c.Path, " "), "Cookie.Path is %.100q; it is a path, without a query, a fragment and a space at the end", c.Path)
	switch domain := strings.Trim(c.Domain, "."); {
	case c.Domain == "":
	case strings.HasSuffix(c.Domain, "."):
		refuse(true, "Cookie.Domain is %.100q; browsers refuse a dot at the end", c.Domain)
	case strings.ContainsAny(c.Domain, "/:"):
		refuse(true, "Cookie.Domain is %.100q; it is a host without scheme, port and path, such as example.com", c.Domain)
	case bad(http.Cookie{Name: "x", Domain: c.Domain}):
		refuse(true, "Cookie.Domain is %.100q; it is not the name of a host", c.Domain)
	default:
		refuse(!strings.Contains(domain, ".") && domain != "localhost", "Cookie.Domain is %.100q; browsers refuse cookies for a whole top-level domain", c.Domain)
	}
	return errors.Join(errs...)
}

// name returns the cookie's whole name.
func (c *Cookie) name() string {
	name := c.Name
	if name == "" {
		name = DefaultCookieName
	}
	switch {
	case c.Insecure:
		return name
	case c.Domain != "" || c.Path != "" && c.Path != "/":
		return securePrefix + name
	}
	return hostPrefix + name
}

// attributes returns the attributes after Max-Age in a Set-Cookie header.
func (c *Cookie) attributes() string {
	path := c.Path
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	b.WriteString("; Path=" + path)
	if c.Domain != "" {
		b.WriteString("; Domain=" + strings.TrimPrefix(c.Domain, "."))
	}
	if !c.Insecure {
		b.WriteString("; Secure")
	}
	b.WriteString("; HttpOnly; SameSite=" + c.sameSite())
	if c.Partitioned {
		b.WriteString("; Partitioned")
	}
	return b.String()
}

func (c *Cookie) sameSite() string {
	switch c.SameSite {
	case http.SameSiteStrictMode:
		return "Strict"
	case http.SameSiteNoneMode:
		return "None"
	}
	return "Lax"
}
