package sessiontest

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed48429006/sessions/internal/probe"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

// A Client is a tab of a browser, over a handler and without a network. It keeps cookies,
// follows redirects and sends forms. Each of its methods that is a step fails the test at
// once if the step cannot be done; a response of any status is not a failure.
// [Client.Tab] opens another tab, and [Client.Other] another browser.
//
// Steps begin on the page that is shown, as links and forms do. A cookie whose
// attributes forbid it is neither kept nor sent: see package browser, which has the
// same steps without a test. A Client is for one goroutine at a time.
type Client struct {
	// Header is sent with each request, in place of the browser's own fields of the
	// same names.
	Header http.Header

	tb       testing.TB
	tab      *browser.Tab
	managers []any  // that served the last request that met any
	actor    *actor // of an Order; nil: the client's requests overlap with no others
}

// NewClient returns a client of the site https://example.com, served by h. It has no
// cookies, and shows no page.
//
//	ada := sessiontest.NewClient(t, handler)
//	ada.Post("/items", url.Values{"sku": {"tea"}}).At("/").Has("1 item")
func NewClient(tb testing.TB, h http.Handler) *Client {
	tb.Helper()
	b, err := browser.New(actorsRequests(h), nil)
	if err != nil {
		tb.Fatalf("sessiontest: NewClient: %v", err)
	}
	return BrowserClient(tb, b.Tab())
}

// actorsRequests tells the actor of an [Order] which request it makes.
func actorsRequests(h http.Handler) http.Handler {
	if h == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := actorOf(r.Context()); a != nil {
			a.request = r.Method + " " + r.URL.RequestURI()
		}
		h.ServeHTTP(w, r)
	})
}

// BrowserClient returns a client that is a tab of a browser with options of its own.
func BrowserClient(tb testing.TB, tab *browser.Tab) *Client {
	return &Client{Header: tab.Header, tb: tb, tab: tab}
}

// Get opens a page. Its URL is a path of the site, or a whole URL.
func (c *Client) Get(rawURL string) *Page {
	c.tb.Helper()
	return c.step("GET "+rawURL, func(ctx context.Context) (*browser.Page, error) { return c.tab.Get(ctx, rawURL) })
}

// Post sends these fields and no others, like a form of the site. [Client.Submit]
// sends a form that the page has.
func (c *Client) Post(rawURL string, fields url.Values) *Page {
	c.tb.Helper()
	return c.step("POST "+rawURL, func(ctx context.Context) (*browser.Page, error) { return c.tab.Post(ctx, rawURL, fields) })
}

// Fetch makes a request as a script of the page does: for JSON APIs, and other
// methods than GET and POST. The client goes on to show its page. The returned Page is
// the response. A body is JSON, unless Header has a Content-Type.
func (c *Client) Fetch(method, rawURL, body string) *Page {
	c.tb.Helper()
	return c.step(method+" "+rawURL, func(ctx context.Context) (*browser.Page, error) {
		return c.tab.Fetch(ctx, method, rawURL, body)
	})
}

// Submit fills in and sends a form of the page that is shown. The form is named by the
// text of its button or an unmistakable part of it, by "#" and its ID, or by its action,
// which begins with a slash. Fields that are not given keep the page's values, for
// example hidden fields. The test fails if a field is not there, does not offer the
// value, or is required and empty.
func (c *Client) Submit(form string, fields url.Values) *Page {
	c.tb.Helper()
	return c.step("Submit "+form, func(ctx context.Context) (*browser.Page, error) { return c.tab.Submit(ctx, form, fields) })
}

// Click follows the link with this text, or an unmistakable part of it.
func (c *Client) Click(link string) *Page {
	c.tb.Helper()
	return c.step("Click "+link, func(ctx context.Context) (*browser.Page, error) { return c.tab.Click(ctx, link) })
}

// Back shows the page before, as the browser's button does: a page with
// Cache-Control: no-store is asked for again, and others are not.
func (c *Client) Back() *Page {
	c.tb.Helper()
	return c.step("Back", c.tab.Back)
}

// Reload asks for the page again. If it answered a form, the form is sent again.
func (c *Client) Reload() *Page {
	c.tb.Helper()
	return c.step("Reload", c.tab.Reload)
}

// Request returns the request that Get would send, with its cookies and headers. It
// is for a handler that the test calls itself, such as one that streams.
func (c *Client) Request(rawURL string) *http.Request {
	c.tb.Helper()
	c.tab.Header = c.Header
	r, err := c.tab.Request(c.context(), rawURL)
	if err != nil {
		c.tb.Fatalf("sessiontest: Request %s: %v", rawURL, err)
	}
	return r
}

// Page returns the page that is shown. The test fails if there is none.
func (c *Client) Page() *Page {
	c.tb.Helper()
	if c.tab.Page() == nil {
		c.tb.Fatal("sessiontest: the client shows no page yet")
	}
	return &Page{Page: c.tab.Page(), tb: c.tb}
}

// Tab returns another tab of the same browser. It shares the cookies, and shows no
// page.
func (c *Client) Tab() *Client { return c.of(c.tab.Browser()) }

// TabAt returns another tab that shows an empty page of any site, without a request.
// Its next step begins there. This is how another site attacks:
//
//	ada.TabAt("https://evil.test").Post("/items", fields)
func (c *Client) TabAt(rawURL string) *Client {
	c.tb.Helper()
	tab := c.Tab()
	if err := tab.tab.Show(rawURL); err != nil {
		c.tb.Fatalf("sessiontest: TabAt %s: %v", rawURL, err)
	}
	return tab
}

// Other returns another person's browser: it has no cookies.
func (c *Client) Other() *Client { return c.of(c.tab.Browser().Other()) }

// Copy returns another browser that begins with the same cookies, like the browser of a
// thief.
func (c *Client) Copy() *Client { return c.of(c.tab.Browser().Clone()) }

// Restart closes the browser and opens it again. Cookies that end with it are gone.
func (c *Client) Restart() { c.tab.Browser().Restart() }

// of returns a client for a new tab of a browser.
func (c *Client) of(b *browser.Browser) *Client {
	other := BrowserClient(c.tb, b.Tab())
	for name, values := range c.Header {
		other.Header[name] = append([]string(nil), values...)
	}
	other.managers, other.actor = c.managers, c.actor
	return other
}

// Cookie returns the browser's cookie of this name. The test fails if there is not
// exactly one.
func (c *Client) Cookie(name string) *http.Cookie {
	c.tb.Helper()
	var found []*http.Cookie
	var all []string
	for _, cookie := range c.tab.Browser().Cookies() {
		all = append(all, cookie.Name)
		if cookie.Name == name {
			found = append(found, cookie)
		}
	}
	if len(found) != 1 {
		c.tb.Fatalf("sessiontest: the client has %d cookies %s; it has the cookies %q", len(found), name, all)
	}
	return found[0]
}

// Cookies returns all cookies of the browser, the oldest first.
func (c *Client) Cookies() []*http.Cookie { return c.tab.Browser().Cookies() }

// context returns the test's context. A new(testing.T) in an example has none.
func (c *Client) context() context.Context {
	ctx := c.tb.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	if c.actor != nil {
		ctx = context.WithValue(ctx, actorKey{}, c.actor)
	}
	return ctx
}

// step carries out a step and returns its page.
func (c *Client) step(name string, do func(context.Context) (*browser.Page, error)) *Page {
	c.tb.Helper()
	var p probe.Probe
	before := c.Cookies()
	c.tab.Header = c.Header
	if c.actor != nil {
		c.actor.request = name
	}
	page, err := do(p.NewContext(c.context()))
	if managers := p.Managers(); managers != nil {
		c.managers = managers
	}
	if err != nil {
		c.tb.Fatalf("sessiontest: %s: %v", name, err)
	}
	return &Page{Page: page, Err: p.Err(), Cookie: newsOf(p.Tokens(), before, c.Cookies()), tb: c.tb}
}
