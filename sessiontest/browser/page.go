package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed48429006/sessions/sessiontest/internal/form"
)

// A Page is the content of a tab: the last response of a step, after its redirects. It
// must not be changed.
type Page struct {
	URL     *url.URL
	Status  int
	Header  http.Header
	Body    string
	Hops    []Hop     // the responses of the step, the last of which is the page
	Device  []Hop     // the browser's own requests of the step, to bind sessions to its device and to refresh them
	Refused []Refused // the cookies that were not kept
}

// A Hop is one request of a step, and the response to it.
type Hop struct {
	Method string
	URL    *url.URL
	Status int
	Header http.Header
}

// Refused is a cookie that the browser did not keep.
type Refused struct {
	SetCookie string // the header
	Err       error  // why
}

// String shows the requests of the step and their status: "POST /login 303, GET / 200".
func (p *Page) String() string {
	var parts []string
	for _, h := range p.Hops {
		where := h.URL.RequestURI()
		if h.URL.Host != p.Hops[0].URL.Host {
			where = h.URL.String()
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", h.Method, where, h.Status))
	}
	return strings.Join(parts, ", ")
}

// Text returns the page without tags, as a person reads it: each run of white space
// is one space.
func (p *Page) Text() string { return form.Text(p.Body) }

// noStore reports whether the browser must ask again to show the page again.
func (p *Page) noStore() bool {
	for value := range strings.SplitSeq(strings.Join(p.Header.Values("Cache-Control"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(value), "no-store") {
			return true
		}
	}
	return false
}

// document returns the page's forms and links.
func (p *Page) document() *form.Document { return form.Parse(p.Body) }

// base returns the URL to which the page's links are relative.
func (p *Page) base(d *form.Document) *url.URL {
	if u, err := p.URL.Parse(d.Base); err == nil {
		return u
	}
	return p.URL
}

var redirects = []int{
	http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
	http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
}

// target returns the URL to which a response redirects, or nil.
func (h *Hop) target() (*url.URL, error) {
	location := h.Header.Get("Location")
	if location == "" || !slices.Contains(redirects, h.Status) {
		return nil, nil
	}
	to, err := h.URL.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("browser: a redirect to %q: %w", location, err)
	}
	if !isWeb(to) {
		return nil, fmt.Errorf("browser: a redirect to %q, which is no web page", location)
	}
	withSlash(to)
	if to.Fragment == "" {
		to.Fragment, to.RawFragment = h.URL.Fragment, h.URL.RawFragment
	}
	return to, nil
}
