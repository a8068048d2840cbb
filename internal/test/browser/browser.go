package browser

import "testing"

// Options configure a [Browser]. The zero Options are a desktop with a profile that
// is gone with the test.
type Options struct {
	// Profile is the folder in which Chromium keeps cookies between two starts.
	Profile string

	// Width is the width of a phone in CSS pixels. Zero means a desktop.
	Width int
}

// A Browser is a running Chromium.
type Browser struct {
	tb     testing.TB
	driver *driver
	path   string // of the WebDriver session
}

// Open starts a browser, which closes with the test. It skips or fails the test as
// [Require] does.
func Open(tb testing.TB, o Options) *Browser {
	tb.Helper()
	Require(tb)
	d, err := startDriver()
	if err != nil {
		tb.Fatal(err)
	}
	b := &Browser{tb: tb, driver: d}
	if o.Profile == "" {
		o.Profile = tb.TempDir()
	}
	var session struct{ SessionID string }
	b.must(d.call("POST", "/session", capabilities(o), &session))
	b.path = "/session/" + session.SessionID
	tb.Cleanup(b.Close)
	b.must(d.call("POST", b.path+"/timeouts", map[string]int64{"pageLoad": patience.Milliseconds(), "script": patience.Milliseconds()}, nil))
	return b
}

// capabilities describe the browser to start. Chromium's own requests to the
// internet are off.
func capabilities(o Options) any {
	chrome := map[string]any{"args": []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP *.test 127.0.0.1", // hosts for tests (RFC 6761)
		"--password-store=basic", "--window-size=1200,800", "--user-data-dir=" + o.Profile,
	}}
	if o.Width > 0 {
		chrome["mobileEmulation"] = map[string]any{
			"deviceMetrics": map[string]any{"width": o.Width, "height": 2 * o.Width, "pixelRatio": 1},
		}
	}
	return map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName":         "chrome",
		"acceptInsecureCerts": true,
		"goog:chromeOptions":  chrome,
	}}}
}

// Close ends the browser as a person does who closes its window. Closing it again
// does nothing.
func (b *Browser) Close() {
	if b.path == "" {
		return
	}
	if err := b.driver.call("DELETE", b.path, nil, nil); err != nil {
		b.tb.Errorf("browser: %v", err)
	}
	b.path = ""
}

func (b *Browser) must(err error) {
	b.tb.Helper()
	if err != nil {
		b.tb.Fatalf("browser: %v", err)
	}
}

// Tab returns the tab that a browser starts with.
func (b *Browser) Tab() *Tab {
	b.tb.Helper()
	t := &Tab{b: b}
	b.must(b.driver.call("GET", b.path+"/window", nil, &t.handle))
	return t
}

// NewTab opens another tab.
func (b *Browser) NewTab() *Tab {
	b.tb.Helper()
	var window struct{ Handle string }
	b.must(b.driver.call("POST", b.path+"/window/new", map[string]string{"type": "tab"}, &window))
	return &Tab{b, window.Handle}
}

// A Cookie is a cookie as the browser keeps it.
type Cookie struct {
	Name, Value, Path, Domain, SameSite string
	Secure, HTTPOnly                    bool
	Expiry                              int64 // seconds since 1970; 0 for one that ends with the browser
}
