package browser

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

// DefaultURL is the root of the site if [Options].URL is empty.
const DefaultURL = "https://example.com"

// Options configure a [Browser]. The zero Options are the default.
type Options struct {
	// URL is the root of the handler's site. Paths that are given to a tab are below
	// it. Empty means [DefaultURL], where browsers take Secure cookies.
	URL string

	// TrustLocalhost lets Secure cookies go over plain http to this machine, as
	// Chromium and Firefox do.
	TrustLocalhost bool

	// NoDeviceBound makes a browser that binds no sessions to its device, such as
	// Firefox and Safari.
	NoDeviceBound bool
}

// A Browser keeps the cookies of one person. It is safe for concurrent use.
type Browser struct {
	handler http.Handler
	root    *url.URL
	jar     *jar.Jar
	device  *device // nil if the browser binds no sessions
}

// New returns a browser without cookies. H serves its requests to any host. Nil options
// are the zero [Options]. The error says why the URL is not a site's.
func New(h http.Handler, o *Options) (*Browser, error) {
	if o == nil {
		o = &Options{}
	}
	text := o.URL
	if text == "" {
		text = DefaultURL
	}
	root, err := url.Parse(text)
	if err == nil && !isWeb(root) {
		err = fmt.Errorf("browser: %q is not the http or https URL of a site", text)
	}
	if h == nil {
		err = errors.Join(err, errors.New("browser: the handler is nil"))
	}
	if err != nil {
		return nil, err
	}
	withSlash(root)
	b := &Browser{handler: h, root: root, jar: &jar.Jar{TrustLocalhost: o.TrustLocalhost}}
	if !o.NoDeviceBound {
		b.device = new(device)
	}
	return b, nil
}

func isWeb(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" }

// Tab returns a new tab, which shows no page. Tabs share the browser's cookies.
func (b *Browser) Tab() *Tab { return &Tab{Header: http.Header{}, browser: b} }

// Clone returns another browser that begins with the same cookies, like the browser of a
// thief, or a browser that was restored from a backup. It has no keys of sessions that
// are bound to the device.
func (b *Browser) Clone() *Browser { return b.with(b.jar.Clone()) }

// ServedBy returns a browser that shares the cookies of b, and whose requests are served
// by h.
func (b *Browser) ServedBy(h http.Handler) *Browser {
	return &Browser{handler: h, root: b.root, jar: b.jar}
}

// Other returns another browser without cookies, for the same site.
func (b *Browser) Other() *Browser {
	return b.with(&jar.Jar{TrustLocalhost: b.jar.TrustLocalhost})
}

// with returns a browser on another device.
func (b *Browser) with(cookies *jar.Jar) *Browser {
	other := &Browser{handler: b.handler, root: b.root, jar: cookies}
	if b.device != nil {
		other.device = new(device)
	}
	return other
}

// Restart closes the browser and opens it again: cookies with neither Max-Age nor
// Expires are gone. The keys of bound sessions stay.
func (b *Browser) Restart() { b.jar.Close() }

// Cookies returns all cookies that have not expired, the oldest first.
func (b *Browser) Cookies() []*http.Cookie {
	var all []*http.Cookie
	for _, c := range b.jar.All() {
		all = append(all, c.HTTP())
	}
	return all
}

// resolve returns the URL that is meant by a text: a path of the site, or a whole
// URL.
func (b *Browser) resolve(text string) (*url.URL, error) {
	u, err := b.root.Parse(text)
	if err != nil {
		return nil, err
	}
	if !isWeb(u) {
		return nil, fmt.Errorf("browser: %q does not lead to a web page", text)
	}
	withSlash(u)
	return u, nil
}

// withSlash gives a URL without a path the root's, as browsers do.
func withSlash(u *url.URL) {
	if u.Path == "" {
		u.Path = "/"
	}
}
