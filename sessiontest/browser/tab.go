package browser

import (
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed48429006/sessions/sessiontest/internal/form"
)

// A Tab shows one page after the other. Each of its methods is a step, which begins
// on the page that is shown, as a link or a form of that page does. The first step of
// a tab begins nowhere: the person types the URL.
//
// A Tab is for one goroutine at a time. Tabs of one browser may be used at once.
type Tab struct {
	// Header is sent with each request, in place of the tab's own fields of the same
	// names. A User-Agent belongs here, or the token of an API's client.
	Header http.Header

	browser *Browser
	history []entry
}

// An entry is a page of the history, and the way to it.
type entry struct {
	page *Page
	way  navigation // its last request
}

// Browser returns the browser that the tab belongs to.
func (t *Tab) Browser() *Browser { return t.browser }

// Page returns the page that is shown. It is nil in a new tab.
func (t *Tab) Page() *Page {
	if len(t.history) == 0 {
		return nil
	}
	return t.history[len(t.history)-1].page
}

// Show makes the tab show an empty page with this URL, without a request. The next
// step then begins there: on a page of another site, for example.
func (t *Tab) Show(rawURL string) error {
	u, err := t.browser.resolve(rawURL)
	if err == nil {
		t.history = append(t.history, entry{page: &Page{URL: u, Status: http.StatusOK, Header: http.Header{}}})
	}
	return err
}

// Get opens a page. Its URL is a path of the site, or a whole URL.
func (t *Tab) Get(ctx context.Context, rawURL string) (*Page, error) {
	u, err := t.browser.resolve(rawURL)
	if err != nil {
		return nil, err
	}
	return t.step(ctx, &navigation{method: http.MethodGet, from: t.Page(), urls: []*url.URL{u}})
}

// Post sends these fields and no others, as a form of the page that is shown. In a new
// tab, the form is on a page of the site.
func (t *Tab) Post(ctx context.Context, rawURL string, fields url.Values) (*Page, error) {
	u, err := t.browser.resolve(rawURL)
	if err != nil {
		return nil, err
	}
	return t.step(ctx, t.post(u, fields))
}

// Fetch makes a request as a script of the page that is shown does, with credentials:
// "include". The tab goes on to show that page, and Fetch returns the response. In a new
// tab, the script is on a page of the site. A body is JSON, unless t.Header has a
// Content-Type. Requests to other origins are made without asking the server before.
func (t *Tab) Fetch(ctx context.Context, method, rawURL, body string) (*Page, error) {
	u, err := t.browser.resolve(rawURL)
	if err != nil {
		return nil, err
	}
	n := &navigation{method: strings.ToUpper(method), body: body, from: t.ownPage(), script: true, urls: []*url.URL{u}}
	if body != "" {
		n.contentType = "application/json"
	}
	return t.navigate(ctx, n)
}

// ownPage returns the page that is shown, or a page of the site.
func (t *Tab) ownPage() *Page {
	if page := t.Page(); page != nil {
		return page
	}
	return &Page{URL: t.browser.root, Header: http.Header{}}
}

func (t *Tab) post(u *url.URL, fields url.Values) *navigation {
	const encoding = "application/x-www-form-urlencoded"
	return &navigation{method: http.MethodPost, body: fields.Encode(), contentType: encoding, from: t.ownPage(), urls: []*url.URL{u}}
}

// Submit fills in and sends a form of the page that is shown. Fields that are not given
// keep the page's values, for example hidden fields. A field that the form lacks, or a
// value that it does not offer, is an error, as is a required field that is empty.
//
// The form is named by the text of its button, or a part of it that no other button
// has. "#login" means the form with that ID, and "/login" the one with that action.
// These press the form's first button.
func (t *Tab) Submit(ctx context.Context, name string, fields url.Values) (*Page, error) {
	page := t.Page()
	if page == nil {
		return nil, errors.New("browser: a new tab has no form")
	}
	doc := page.document()
	f, button, err := doc.Find(name)
	if err == nil {
		err = f.Fill(fields)
	}
	if err != nil {
		return nil, fmt.Errorf("browser: %s: %w", page, err)
	}
	if button == nil {
		button = new(form.Control)
	}
	if missing := f.Missing(); missing != "" && !f.NoValidate && !button.NoValidate {
		return nil, fmt.Errorf("browser: %s: the form needs the field %q", page, missing)
	}
	n, err := t.submission(page.base(doc), f, button)
	if err != nil {
		return nil, fmt.Errorf("browser: %s: %w", page, err)
	}
	return t.step(ctx, n)
}

// submission returns the request that sends a form.
func (t *Tab) submission(base *url.URL, f *form.Form, button *form.Control) (*navigation, error) {
	s := f.Submission(button)
	to := t.Page().URL
	if s.Action != "" {
		u, err := base.Parse(s.Action)
		if err != nil || !isWeb(u) {
			return nil, fmt.Errorf("the form leads to %q", s.Action)
		}
		to = u
	}
	switch {
	case s.Method == "dialog":
		return nil, errors.New("the form closes a dialog and sends nothing")
	case s.Method == "get":
		u := *to
		u.RawQuery = s.Fields.Encode()
		return &navigation{method: http.MethodGet, from: t.Page(), urls: []*url.URL{&u}}, nil
	case s.Encoding == "multipart/form-data":
		n := t.post(to, nil)
		n.contentType, n.body = encodeMultipart(s.Fields)
		return n, nil
	}
	return t.post(to, s.Fields), nil
}

// encodeMultipart returns a form's media type and body.
func encodeMultipart(fields url.Values) (contentType, body string) {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range fields[name] {
			w.WriteField(name, value) // a Builder takes everything
		}
	}
	w.Close()
	return w.FormDataContentType(), b.String()
}

// Click follows the link with this text, or the only one whose text has it as a part.
// A text that begins with a slash is the link's URL.
func (t *Tab) Click(ctx context.Context, text string) (*Page, error) {
	page := t.Page()
	if page == nil {
		return nil, errors.New("browser: a new tab has no link")
	}
	doc := page.document()
	link, err := doc.Link(text)
	if err != nil {
		return nil, fmt.Errorf("browser: %s: %w", page, err)
	}
	u, err := page.base(doc).Parse(link.Href)
	if err != nil || !isWeb(u) {
		return nil, fmt.Errorf("browser: %s: the link leads to %q", page, link.Href)
	}
	return t.step(ctx, &navigation{method: http.MethodGet, from: page, urls: []*url.URL{u}})
}

// step carries out a navigation and shows the page.
func (t *Tab) step(ctx context.Context, n *navigation) (*Page, error) {
	page, err := t.navigate(ctx, n)
	if err == nil {
		t.history = append(t.history, entry{page, n.last()})
	}
	return page, err
}

// last returns the navigation that repeats the last request alone.
func (n *navigation) last() navigation {
	last := *n
	last.urls, last.tainted = []*url.URL{n.current()}, false
	return last
}

// Back shows the page before, without a request if the browser may keep it: that is,
// unless it has Cache-Control: no-store. Then Back asks for it again. A page that
// answered a form is an error then, since the browser would ask the person whether to
// send the form again.
func (t *Tab) Back(ctx context.Context) (*Page, error) {
	if len(t.history) < 2 {
		return nil, errors.New("browser: there is no page to go back to")
	}
	before := t.history[len(t.history)-2]
	if before.way.urls == nil || !before.page.noStore() {
		t.history = t.history[:len(t.history)-1]
		return before.page, nil
	}
	if before.way.method != http.MethodGet {
		return nil, fmt.Errorf("browser: to go back to %s would send its form again", before.page)
	}
	t.history = t.history[:len(t.history)-1]
	return t.Reload(ctx)
}

// Reload asks for the page again. If it answered a form, the form is sent again, as
// if the person had confirmed that.
func (t *Tab) Reload(ctx context.Context) (*Page, error) {
	if page := t.Page(); page == nil || page.Hops == nil {
		return nil, errors.New("browser: there is no page to load again")
	}
	again := t.history[len(t.history)-1].way
	page, err := t.navigate(ctx, &again)
	if err == nil {
		t.history[len(t.history)-1] = entry{page, again.last()}
	}
	return page, err
}

// Request returns the request that Get would send, without sending it, as a server
// has it.
func (t *Tab) Request(ctx context.Context, rawURL string) (*http.Request, error) {
	u, err := t.browser.resolve(rawURL)
	if err != nil {
		return nil, err
	}
	return t.request(ctx, &navigation{method: http.MethodGet, from: t.Page(), urls: []*url.URL{u}}), nil
}
