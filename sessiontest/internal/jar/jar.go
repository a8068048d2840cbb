// Package jar keeps cookies as browsers do, by RFC 6265bis.
package jar

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of the jar (section 6.1).
const (
	maxPerDomain = 50
	maxCookies   = 3000
)

// laxUnsafe is how long a cookie without SameSite goes with cross-site POST requests
// (section 5.6.7.2).
const laxUnsafe = 2 * time.Minute

// A Jar keeps the cookies of one browser. It is safe for concurrent use.
type Jar struct {
	// TrustLocalhost makes plain http secure enough on the machine itself, as it is
	// in Chromium and Firefox.
	TrustLocalhost bool

	mu      sync.Mutex
	cookies []*Cookie
	count   uint64
}

// An Access is a request or response that uses cookies, and of which site.
type Access struct {
	URL      *url.URL
	SameSite bool   // the request began on a page of the same site, or without a page
	TopLevel bool   // it loads a page, rather than a part of one
	Method   string // of the request
}

// Reasons why browsers refuse a cookie.
var (
	errPublicSuffix = errors.New("its Domain is a public suffix")
	errDomain       = errors.New("its Domain is not the host's")
	errInsecure     = errors.New("it is Secure, and the connection is not")
	errOverwrite    = errors.New("it would overwrite a Secure cookie over plain http")
	errNone         = errors.New("it has SameSite=None, and is not Secure")
	errPartitioned  = errors.New("it is Partitioned, and not Secure")
	errCrossSite    = errors.New("it has SameSite, and a request within another site's page set it")
	errSecure       = errors.New("__Secure- needs Secure")
	errHost         = errors.New("__Host- needs Secure and Path=/, and no Domain")
	errNameless     = errors.New("it has no name, and its value begins like a name with a prefix")
)

// Set obeys a Set-Cookie header (section 5.7). The error says why the
// browser refuses it.
func (j *Jar) Set(a Access, line string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	c, err := Parse(line, now)
	if err != nil {
		return err
	}
	if err := j.complete(c, a); err != nil {
		return err
	}
	j.insert(c, now)
	return nil
}

// complete gives the cookie the domain and path of its response, and checks whether
// it may be set.
func (j *Jar) complete(c *Cookie, a Access) error {
	from, secure := host(a.URL), j.secure(a.URL)
	if publicSuffix(c.Domain) && c.Domain != "" {
		if c.Domain != from {
			return errPublicSuffix
		}
		c.Domain = ""
	}
	if c.Domain != "" && !domainMatch(from, c.Domain) {
		return errDomain
	}
	if c.HostOnly = c.Domain == ""; c.HostOnly {
		c.Domain = from
	}
	rootPath := c.hasPath && c.Path == "/"
	if c.Path == "" {
		c.Path = defaultPath(a.URL)
	}
	name := strings.ToLower(cmp.Or(c.Name, c.Value))
	switch secured, hosted := strings.HasPrefix(name, "__secure-"), strings.HasPrefix(name, "__host-"); {
	case c.Secure && !secure:
		return errInsecure
	case !c.Secure && !secure && j.shadowsSecure(c):
		return errOverwrite
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return errNone
	case c.Partitioned && !c.Secure:
		return errPartitioned
	case c.SameSite != http.SameSiteNoneMode && !a.SameSite && !a.TopLevel:
		return errCrossSite
	case c.Name == "" && (secured || hosted):
		return errNameless
	case secured && !c.Secure:
		return errSecure
	case hosted && !(c.Secure && c.HostOnly && rootPath):
		return errHost
	}
	return nil
}

func (j *Jar) secure(u *url.URL) bool {
	return Secure(u) || j.TrustLocalhost && Localhost(u)
}

// shadowsSecure reports whether a cookie would be sent in place of a Secure one.
func (j *Jar) shadowsSecure(c *Cookie) bool {
	return slices.ContainsFunc(j.cookies, func(o *Cookie) bool {
		return o.Secure && o.Name == c.Name && pathMatch(c.Path, o.Path) &&
			(domainMatch(o.Domain, c.Domain) || domainMatch(c.Domain, o.Domain))
	})
}

// insert puts the cookie in the place of an old one, and evicts others.
func (j *Jar) insert(c *Cookie, now time.Time) {
	j.count++
	c.number, c.used = j.count, j.count
	if i := slices.IndexFunc(j.cookies, c.replaces); i >= 0 {
		c.Created, c.number = j.cookies[i].Created, j.cookies[i].number
		j.cookies = slices.Delete(j.cookies, i, i+1)
	}
	j.cookies = append(j.cookies, c)
	j.cookies = slices.DeleteFunc(j.cookies, func(c *Cookie) bool { return c.expired(now) })
	j.evict(maxPerDomain, func(o *Cookie) bool { return o.Domain == c.Domain })
	j.evict(maxCookies, func(*Cookie) bool { return true })
}

func (c *Cookie) replaces(o *Cookie) bool {
	return o.Name == c.Name && o.Domain == c.Domain && o.HostOnly == c.HostOnly && o.Path == c.Path
}

// evict removes the cookies of a kind that were not used for longest, until limit are
// left. Cookies that are not Secure go first.
func (j *Jar) evict(limit int, kind func(*Cookie) bool) {
	for {
		n, victim := 0, -1
		for i, c := range j.cookies {
			if !kind(c) {
				continue
			}
			n++
			if victim < 0 || before(c, j.cookies[victim]) {
				victim = i
			}
		}
		if n <= limit {
			return
		}
		j.cookies = slices.Delete(j.cookies, victim, victim+1)
	}
}

func before(a, b *Cookie) bool {
	if a.Secure != b.Secure {
		return b.Secure
	}
	return a.used < b.used
}

// Cookies returns the cookies that go with a request, in their order (section
// 5.8.3). They must not be written to.
func (j *Jar) Cookies(a Access) []*Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	var found []*Cookie
	for _, c := range j.cookies {
		if !c.expired(now) && j.goesWith(c, a, now) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *Cookie) int {
		return cmp.Or(len(b.Path)-len(a.Path), cmp.Compare(a.number, b.number))
	})
	for _, c := range found {
		j.count++
		c.used = j.count
	}
	return found
}

// goesWith reports whether a cookie is sent with a request.
func (j *Jar) goesWith(c *Cookie, a Access, now time.Time) bool {
	to := host(a.URL)
	return (c.Domain == to || !c.HostOnly && domainMatch(to, c.Domain)) &&
		pathMatch(a.URL.EscapedPath(), c.Path) &&
		(!c.Secure || j.secure(a.URL)) &&
		(a.SameSite || c.crossesSites(a, now))
}

// crossesSites reports whether a cookie is sent with a request of another site.
func (c *Cookie) crossesSites(a Access, now time.Time) bool {
	safe := a.Method == http.MethodGet || a.Method == http.MethodHead
	switch c.SameSite {
	case http.SameSiteNoneMode:
		return true
	case http.SameSiteLaxMode:
		return a.TopLevel && safe
	case http.SameSiteDefaultMode:
		return a.TopLevel && (safe || now.Sub(c.set) < laxUnsafe)
	}
	return false
}

// Header returns the value of the Cookie header for these cookies.
func Header(cookies []*Cookie) string {
	var b strings.Builder
	for i, c := range cookies {
		if i > 0 {
			b.WriteString("; ")
		}
		if c.Name != "" {
			b.WriteString(c.Name + "=")
		}
		b.WriteString(c.Value)
	}
	return b.String()
}

// Close forgets the cookies that end with the browser.
func (j *Jar) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = slices.DeleteFunc(j.cookies, func(c *Cookie) bool { return c.Expires.IsZero() })
}

// Clone returns another jar with the same cookies.
func (j *Jar) Clone() *Jar {
	j.mu.Lock()
	defer j.mu.Unlock()
	clone := &Jar{TrustLocalhost: j.TrustLocalhost, count: j.count}
	for _, c := range j.cookies {
		copied := *c
		clone.cookies = append(clone.cookies, &copied)
	}
	return clone
}

// All returns the cookies that have not expired, the oldest first. They must not be
// written to.
func (j *Jar) All() []*Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	live := slices.DeleteFunc(slices.Clone(j.cookies), func(c *Cookie) bool { return c.expired(now) })
	slices.SortFunc(live, func(a, b *Cookie) int { return cmp.Compare(a.number, b.number) })
	return live
}

// Lacks reports whether a request would bring a cookie of this name with these
// attributes, if there were one, and there is none.
func (j *Jar) Lacks(a Access, name, attributes string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	want, err := Parse(name+"=x; "+attributes, now)
	if err != nil || j.complete(want, Access{URL: a.URL, SameSite: true}) != nil || !j.goesWith(want, a, now) {
		return false
	}
	return !slices.ContainsFunc(j.cookies, func(c *Cookie) bool {
		return c.replaces(want) && !c.expired(now) && c.Secure == want.Secure && c.HTTPOnly == want.HTTPOnly && c.SameSite == want.SameSite
	})
}
