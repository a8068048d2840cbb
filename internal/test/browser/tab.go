package browser

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// patience bounds how long a page may take to show an expected text.
const patience = time.Minute

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

// do sends a command to an element. It waits for a page that has the element: the
// page before may be on its way out.
func (t *Tab) do(method, selector, path string, body, result any) {
	t.b.tb.Helper()
	t.until(func() error {
		element, err := t.element(selector)
		if err == nil {
			err = t.try(method, element+path, body, result)
		}
		if isMissing(err) {
			return err
		}
		t.b.must(err)
		return nil
	})
}

// isMissing reports whether an element was not there, so that nothing was done.
func isMissing(err error) bool {
	fault, ok := errors.AsType[*fault](err)
	return ok && (fault.Kind == "no such element" || fault.Kind == "stale element reference" ||
		strings.Contains(fault.Message, "does not belong to the document"))
}

// until tries again and again, until there is no error.
func (t *Tab) until(try func() error) {
	t.b.tb.Helper()
	end := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.b.tb.Fatalf("browser: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Click clicks an element, and waits for the page to which that leads.
func (t *Tab) Click(selector string) {
	t.b.tb.Helper()
	t.do("POST", selector, "/click", nil, nil)
}

// ClickSoon lets the page click an element by itself a moment later, and does not
// wait for anything.
func (t *Tab) ClickSoon(selector string) {
	t.b.tb.Helper()
	t.Run(`const e = document.querySelector(arguments[0]); setTimeout(() => e.click())`, nil, selector)
}

// ClickTogether lets the pages of all tabs click an element by themselves, at one
// moment, and does not wait for anything.
func ClickTogether(selector string, tabs ...*Tab) {
	for _, t := range tabs[1:] {
		t.b.tb.Helper()
		t.Run(`const e = document.querySelector(arguments[0]);
			window.channel = new BroadcastChannel("click");
			channel.onmessage = () => e.click()`, nil, selector)
	}
	tabs[0].Run(`const e = document.querySelector(arguments[0]);
		setTimeout(() => { new BroadcastChannel("click").postMessage(""); e.click() })`, nil, selector)
}

// ClickImpatiently lets the page click an element by itself again and again, until
// another page is there, and does not wait for anything. The browser throws away the
// answer to a request for a page if another one follows.
func (t *Tab) ClickImpatiently(selector string) {
	t.b.tb.Helper()
	t.Run(`const e = document.querySelector(arguments[0]); setInterval(() => e.click(), 200)`, nil, selector)
}

// Type types a text into a field, in place of its content.
func (t *Tab) Type(selector, text string) {
	t.b.tb.Helper()
	t.do("POST", selector, "/clear", nil, nil)
	t.do("POST", selector, "/value", map[string]string{"text": text}, nil)
}

// Value returns a field's content.
func (t *Tab) Value(selector string) string {
	t.b.tb.Helper()
	var value string
	t.do("GET", selector, "/property/value", nil, &value)
	return value
}

// CSS returns the computed value of a property.
func (t *Tab) CSS(selector, property string) string {
	t.b.tb.Helper()
	var value string
	t.do("GET", selector, "/css/"+property, nil, &value)
	return value
}

// Run runs a script in the page, and decodes its result into result, unless that is nil.
func (t *Tab) Run(script string, result any, args ...any) {
	t.b.tb.Helper()
	if args == nil {
		args = []any{}
	}
	t.call("POST", "/execute/sync", map[string]any{"script": script, "args": args}, result)
}

// Text returns the visible text of the page.
func (t *Tab) Text() (text string) {
	t.b.tb.Helper()
	t.do("GET", "body", "/text", nil, &text)
	return text
}

// Shows waits until the page shows each of the texts.
func (t *Tab) Shows(texts ...string) {
	t.b.tb.Helper()
	t.until(func() error {
		text := t.Text()
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return fmt.Errorf("%s does not show %q:\n%s", t.Path(), want, text)
			}
		}
		return nil
	})
}

// Lacks fails the test if the page shows any of the texts.
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
