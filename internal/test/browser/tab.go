package browser

import (
	"encoding/base64"
	"net/url"
	"os"
	"strings"
	"time"
)

// patience bounds how long a page may take to show what is waited for.
const patience = 30 * time.Second

// A Tab shows a page. CSS selectors name the elements of the page; they must find one.
type Tab struct {
	b      *Browser
	handle string
}

// call sends a command to this tab.
func (t *Tab) call(method, path string, body, result any) {
	t.b.tb.Helper()
	t.b.must(t.try(method, path, body, result))
}

func (t *Tab) try(method, path string, body, result any) error {
	err := t.b.driver.call("POST", t.b.path+"/window", map[string]string{"handle": t.handle}, nil)
	if err != nil {
		return err
	}
	if body == nil {
		body = struct{}{}
	}
	return t.b.driver.call(method, t.b.path+path, body, result)
}

// Go opens a URL and waits until the page is there.
func (t *Tab) Go(url string) {
	t.b.tb.Helper()
	t.call("POST", "/url", map[string]string{"url": url}, nil)
}

// Back goes to the page before.
func (t *Tab) Back() {
	t.b.tb.Helper()
	t.call("POST", "/back", nil, nil)
}

// Path returns the path and the fragment of the page's URL.
func (t *Tab) Path() string {
	t.b.tb.Helper()
	var text string
	t.call("GET", "/url", nil, &text)
	u, err := url.Parse(text)
	t.b.must(err)
	path := u.Path
	if u.Fragment != "" {
		path += "#" + u.Fragment
	}
	return path
}

// elementKey is how WebDriver names an element (section 12.1).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

func (t *Tab) element(selector string) (string, error) {
	var found map[string]string
	err := t.try("POST", "/element", map[string]string{"using": "css selector", "value": selector}, &found)
	return "/element/" + found[elementKey], err
}

func (t *Tab) find(selector string) string {
	t.b.tb.Helper()
	path, err := t.element(selector)
	t.b.must(err)
	return path
}

// Click clicks an element, and waits for the page to which that leads.
func (t *Tab) Click(selector string) {
	t.b.tb.Helper()
	t.call("POST", t.find(selector)+"/click", nil, nil)
}

// ClickSoon lets the page click an element by itself a moment later, and does not
// wait for anything.
func (t *Tab) ClickSoon(selector string) {
	t.b.tb.Helper()
	t.Run(`const e = document.querySelector(arguments[0]); setTimeout(() => e.click())`, nil, selector)
}

// ClickImpatiently lets the page click an element by itself again and again, until
// another page is there, and does not wait for anything. The browser throws away the
// answer to a request for a page if another one follows.
func (t *Tab) ClickImpatiently(selector string) {
	t.b.tb.Helper()
	t.Run(`const e = document.querySelector(arguments[0]); setInterval(() => e.click(), 200)`, nil, selector)
}

// Type types a text into a field, in place of what is there.
func (t *Tab) Type(selector, text string) {
	t.b.tb.Helper()
	field := t.find(selector)
	t.call("POST", field+"/clear", nil, nil)
	t.call("POST", field+"/value", map[string]string{"text": text}, nil)
}

// Value returns what a field holds.
func (t *Tab) Value(selector string) string {
	t.b.tb.Helper()
	var value string
	t.call("GET", t.find(selector)+"/property/value", nil, &value)
	return value
}

// CSS returns the computed value of a property.
func (t *Tab) CSS(selector, property string) string {
	t.b.tb.Helper()
	var value string
	t.call("GET", t.find(selector)+"/css/"+property, nil, &value)
	return value
}

// Run runs a script in the page, and decodes what it returns into result, unless
// that is nil.
func (t *Tab) Run(script string, result any, args ...any) {
	t.b.tb.Helper()
	if args == nil {
		args = []any{}
	}
	t.call("POST", "/execute/sync", map[string]any{"script": script, "args": args}, result)
}

// Text returns the visible text of the page.
func (t *Tab) Text() string {
	t.b.tb.Helper()
	text, err := t.text()
	t.b.must(err)
	return text
}

func (t *Tab) text() (text string, err error) {
	body, err := t.element("body")
	if err == nil {
		err = t.try("GET", body+"/text", nil, &text)
	}
	return text, err
}

// Shows waits until the page shows each of the texts.
func (t *Tab) Shows(texts ...string) {
	t.b.tb.Helper()
	for _, want := range texts {
		var text string
		var err error
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			// The page may be on its way out: then its elements are gone.
			if text, err = t.text(); err == nil && strings.Contains(text, want) {
				break
			}
			if time.Now().After(end) {
				t.b.tb.Fatalf("browser: %s does not show %q (%v):\n%s", t.Path(), want, err, text)
			}
		}
	}
}

// Lacks fails the test if the page shows one of the texts.
func (t *Tab) Lacks(texts ...string) {
	t.b.tb.Helper()
	text := t.Text()
	for _, unwanted := range texts {
		if strings.Contains(text, unwanted) {
			t.b.tb.Errorf("browser: %s shows %q:\n%s", t.Path(), unwanted, text)
		}
	}
}

// Cookies returns the cookies that the browser would send to the page.
func (t *Tab) Cookies() []Cookie {
	t.b.tb.Helper()
	var cookies []Cookie
	t.call("GET", "/cookie", nil, &cookies)
	return cookies
}

// Screenshot writes a picture of the page to a file, for people to look at.
func (t *Tab) Screenshot(file string) {
	t.b.tb.Helper()
	var picture string
	t.call("GET", "/screenshot", nil, &picture)
	data, err := base64.StdEncoding.DecodeString(picture)
	t.b.must(err)
	t.b.must(os.WriteFile(file, data, 0o644))
}
