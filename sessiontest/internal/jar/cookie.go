package jar

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of RFC 6265bis, section 5.6, and the age to which browsers clamp (5.5).
const (
	maxPair      = 4096
	maxAttribute = 1024
	maxAge       = 400 * 24 * time.Hour
)

// A Cookie is a cookie as a browser keeps it, or as a response sets it.
type Cookie struct {
	Name, Value string
	Domain      string // lower case, without a dot at its begin
	HostOnly    bool
	Path        string
	Secure      bool
	HTTPOnly    bool
	Partitioned bool
	SameSite    http.SameSite // SameSiteDefaultMode if the response says nothing valid
	Expires     time.Time     // zero: when the browser is closed
	Created     time.Time

	set     time.Time // of the last overwriting
	number  uint64    // orders cookies of the same instant
	used    uint64    // orders the cookies by their last use
	hasPath bool      // the response has a Path, and it is the cookie's
}

var (
	errControl   = errors.New("it has a control character")
	errEmpty     = errors.New("it has neither name nor value")
	errPairLarge = errors.New("name and value have more than 4096 bytes")
)

// Parse reads a Set-Cookie header by the algorithm of RFC 6265bis, section 5.6. It
// knows nothing of the response: Domain and Path are empty unless the header says
// them. An error means that browsers ignore the header.
func Parse(line string, now time.Time) (*Cookie, error) {
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			return nil, errControl
		}
	}
	pair, attributes, _ := strings.Cut(line, ";")
	c := &Cookie{Created: now, set: now, SameSite: http.SameSiteDefaultMode}
	name, value, named := strings.Cut(pair, "=")
	if !named {
		name, value = "", name
	}
	c.Name, c.Value = trim(name), trim(value)
	switch n := len(c.Name) + len(c.Value); {
	case n == 0:
		return nil, errEmpty
	case n > maxPair:
		return nil, errPairLarge
	}
	c.attributes(attributes, now)
	return c, nil
}

func trim(s string) string { return strings.Trim(s, " \t") }

// attributes reads the attributes. The last of a name counts, and Max-Age counts
// more than Expires.
func (c *Cookie) attributes(list string, now time.Time) {
	var expires, age time.Time
	for list != "" {
		var attribute string
		attribute, list, _ = strings.Cut(list, ";")
		name, value, _ := strings.Cut(attribute, "=")
		name, value = strings.ToLower(trim(name)), trim(value)
		if len(value) > maxAttribute {
			continue
		}
		switch name {
		case "expires":
			if t, ok := parseDate(value); ok {
				expires = clamp(t, now)
			}
		case "max-age":
			if t, ok := parseMaxAge(value, now); ok {
				age = t
			}
		case "domain":
			c.Domain = strings.ToLower(strings.TrimPrefix(value, "."))
		case "path":
			c.hasPath = strings.HasPrefix(value, "/")
			c.Path = ""
			if c.hasPath {
				c.Path = value
			}
		case "secure":
			c.Secure = true
		case "httponly":
			c.HTTPOnly = true
		case "partitioned":
			c.Partitioned = true
		case "samesite":
			c.SameSite = parseSameSite(value)
		}
	}
	c.Expires = expires
	if !age.IsZero() {
		c.Expires = age
	}
}

// longAgo is the expiry of cookies that end at once.
var longAgo = time.Unix(0, 0)

func parseMaxAge(value string, now time.Time) (time.Time, bool) {
	digits := strings.TrimPrefix(value, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case digits != value || err == nil && seconds == 0:
		return longAgo, true
	case err != nil || seconds > int64(maxAge/time.Second):
		return now.Add(maxAge), true
	}
	return now.Add(time.Duration(seconds) * time.Second), true
}

// clamp returns t, at most 400 days from now.
func clamp(t, now time.Time) time.Time {
	if limit := now.Add(maxAge); t.After(limit) {
		return limit
	}
	return t
}

func parseSameSite(value string) http.SameSite {
	switch strings.ToLower(value) {
	case "strict":
		return http.SameSiteStrictMode
	case "lax":
		return http.SameSiteLaxMode
	case "none":
		return http.SameSiteNoneMode
	}
	return http.SameSiteDefaultMode
}

// expired reports whether the cookie has ended.
func (c *Cookie) expired(now time.Time) bool {
	return !c.Expires.IsZero() && !c.Expires.After(now)
}

// HTTP returns the cookie as net/http has it.
func (c *Cookie) HTTP() *http.Cookie {
	h := &http.Cookie{
		Name: c.Name, Value: c.Value, Path: c.Path, Secure: c.Secure, HttpOnly: c.HTTPOnly,
		SameSite: c.SameSite, Partitioned: c.Partitioned, Expires: c.Expires,
	}
	if !c.HostOnly {
		h.Domain = c.Domain
	}
	return h
}
