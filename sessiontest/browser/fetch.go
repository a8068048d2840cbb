package browser

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

// A navigation is the way to a page: one request, and more if it is redirected.
type navigation struct {
	method      string
	body        string
	contentType string
	from        *Page      // with the link or form; nil if the person typed the URL
	script      bool       // a script of that page makes the request
	urls        []*url.URL // of the requests so far; the last one is the current
	tainted     bool       // a redirect crossed origins, so that Origin is null
}

func (n *navigation) current() *url.URL { return n.urls[len(n.urls)-1] }

// access returns how the current request uses cookies.
func (n *navigation) access() jar.Access {
	to := n.current()
	same := n.from == nil || jar.Site(n.from.URL) == jar.Site(to)
	return jar.Access{URL: to, SameSite: same, TopLevel: !n.script, Method: n.method}
}

// redirect goes on to another URL (Fetch, section 4.4).
func (n *navigation) redirect(status int, to *url.URL) {
	at := n.current()
	if n.from != nil && origin(n.from.URL) != origin(at) && origin(at) != origin(to) {
		n.tainted = true
	}
	post := n.method == http.MethodPost && (status == http.StatusMovedPermanently || status == http.StatusFound)
	other := status == http.StatusSeeOther && n.method != http.MethodHead
	if post || other {
		n.method, n.body, n.contentType = http.MethodGet, "", ""
	}
	n.urls = append(n.urls, to)
}

// setHeaders sets the headers that browsers send of their own accord.
func (n *navigation) setHeaders(h http.Header) {
	set := func(name, value string) {
		if value != "" && h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	accept := "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	mode, dest, user := "navigate", "document", "?1"
	if n.script {
		accept, mode, dest, user = "*/*", "cors", "empty", ""
	}
	set("Accept", accept)
	set("User-Agent", "Mozilla/5.0 (sessiontest)")
	set("Content-Type", n.contentType)
	set("Origin", n.origin())
	set("Referer", n.referer())
	if trustworthy(n.current()) {
		set("Sec-Fetch-Site", n.fetchSite())
		set("Sec-Fetch-Mode", mode)
		set("Sec-Fetch-Dest", dest)
		set("Sec-Fetch-User", user)
	}
}

// fetchSite returns the value of Sec-Fetch-Site, which the farthest of the redirects
// decides (Fetch Metadata, section 2.3).
func (n *navigation) fetchSite() string {
	if n.from == nil {
		return "none"
	}
	site := "same-origin"
	for _, u := range n.urls {
		switch {
		case origin(u) == origin(n.from.URL):
		case jar.Site(u) == jar.Site(n.from.URL) && site != "cross-site":
			site = "same-site"
		default:
			site = "cross-site"
		}
	}
	return site
}

// origin returns the value of Origin. Requests that only read have none, unless a
// script sends them to another origin.
func (n *navigation) origin() string {
	reads := n.method == http.MethodGet || n.method == http.MethodHead
	if n.from == nil || reads && !(n.script && origin(n.from.URL) != origin(n.current())) {
		return ""
	}
	from := n.from.URL
	if n.script && !n.tainted {
		return origin(from)
	}
	downgrade := jar.Secure(from) && !jar.Secure(n.current())
	switch policy := n.from.referrerPolicy(); {
	case n.tainted,
		policy == "no-referrer",
		policy == "same-origin" && origin(from) != origin(n.current()),
		downgrade && policy != "origin" && policy != "origin-when-cross-origin" && policy != "unsafe-url":
		return "null"
	}
	return origin(from)
}

// referer returns the value of Referer by the page's policy (Referrer Policy,
// section 8.3).
func (n *navigation) referer() string {
	if n.from == nil {
		return ""
	}
	from, to := n.from.URL, n.current()
	full := *from
	full.User, full.Fragment, full.RawFragment = nil, "", ""
	same, downgrade := origin(from) == origin(to), trustworthy(from) && !trustworthy(to)
	whole, short := full.String(), origin(from)+"/"
	switch n.from.referrerPolicy() {
	case "no-referrer":
		return ""
	case "unsafe-url":
		return whole
	case "origin":
		return short
	case "same-origin":
		short = ""
	case "no-referrer-when-downgrade":
		if downgrade {
			return ""
		}
		return whole
	case "strict-origin":
		whole = short
		fallthrough
	case "strict-origin-when-cross-origin":
		if downgrade {
			return ""
		}
	}
	if same {
		return whole
	}
	return short
}

var referrerPolicies = []string{
	"no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
	"origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
}

// referrerPolicy returns the last policy that the page's header names.
func (p *Page) referrerPolicy() string {
	policy := ""
	for name := range strings.SplitSeq(strings.Join(p.Header.Values("Referrer-Policy"), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); slices.Contains(referrerPolicies, name) {
			policy = name
		}
	}
	return cmp.Or(policy, "strict-origin-when-cross-origin")
}

func trustworthy(u *url.URL) bool { return jar.Secure(u) || jar.Localhost(u) }

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// origin returns the origin of a URL as Origin spells it.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	return u.Scheme + "://" + strings.TrimSuffix(host, ":"+defaultPorts[u.Scheme])
}
