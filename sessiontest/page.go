package sessiontest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/sessiontest/browser"
)

// A Page is the page that a step of a [Client] has led to. Its methods check it: they
// fail the test, show the page, and return the page for the next check.
type Page struct {
	*browser.Page

	// Cookie is the message of the step about the client's session cookie.
	Cookie News

	// Err is the error for which a manager's error handler answered, and nil if
	// none did: session.ErrGone, as a rule with status 409, or
	// session.ErrUnavailable, with 503.
	Err error

	tb testing.TB
}

// At checks that this is the page of a path, or of a whole URL, and that it is not an
// error page: its status is below 400.
func (p *Page) At(rawURL string) *Page {
	p.tb.Helper()
	want, err := p.Hops[0].URL.Parse(rawURL)
	if err != nil {
		p.tb.Fatalf("sessiontest: At: %v", err)
	}
	got := *p.URL
	got.Fragment, got.RawFragment = want.Fragment, want.RawFragment
	if got.String() != want.String() {
		p.fail("the page is %s, not %s", p.URL, rawURL)
	} else if p.Status >= http.StatusBadRequest {
		p.fail("the page %s has status %d", rawURL, p.Status)
	}
	return p
}

// HasStatus checks the page's status.
func (p *Page) HasStatus(want int) *Page {
	p.tb.Helper()
	if p.Status != want {
		p.fail("the status is %d, not %d", p.Status, want)
	}
	return p
}

// Has checks that the page says each of these, in its HTML or as a person reads it.
func (p *Page) Has(texts ...string) *Page {
	p.tb.Helper()
	for _, text := range texts {
		if !p.says(text) {
			p.fail("the page does not say %q", text)
		}
	}
	return p
}

// Lacks checks that the page says none of these.
func (p *Page) Lacks(texts ...string) *Page {
	p.tb.Helper()
	for _, text := range texts {
		if p.says(text) {
			p.fail("the page says %q", text)
		}
	}
	return p
}

func (p *Page) says(text string) bool {
	return strings.Contains(p.Body, text) || strings.Contains(p.Text(), text)
}

// Told checks the news about the session's cookie.
func (p *Page) Told(want News) *Page {
	p.tb.Helper()
	if p.Cookie != want {
		p.fail("the session's cookie was %s, and should have been %s", p.Cookie, want)
	}
	return p
}

// Failed checks that a manager's error handler answered, for an error that is want.
// A nil want means that none did.
func (p *Page) Failed(want error) *Page {
	p.tb.Helper()
	if !errors.Is(p.Err, want) {
		p.fail("the error handler answered for the error %v, and not for %v", p.Err, want)
	}
	return p
}

// fail fails the test and shows the way to the page, and the page.
func (p *Page) fail(format string, args ...any) {
	p.tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p, fmt.Sprintf(format, args...))
	for _, r := range p.Refused {
		fmt.Fprintf(&b, "\nthe browser did not keep the cookie, since %v: %s", r.Err, r.SetCookie)
	}
	if p.Body != "" {
		fmt.Fprintf(&b, "\n%s", p.Body)
	}
	p.tb.Error(b.String())
}
