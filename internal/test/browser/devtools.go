package browser

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A DevTools is a running Chromium that binds sessions to a key in software, driven by
// the protocol of its developers' tools. ChromeDriver hides its messages about bound
// sessions. It trusts the certificate of one server, since it binds no sessions on a
// connection whose certificate has an error.
type DevTools struct {
	tb     testing.TB
	cmd    *exec.Cmd
	to     *os.File
	target string        // the protocol's session of the tab
	events chan string   // the browser's messages about bound sessions
	loads  chan struct{} // pages that were loaded

	mu   sync.Mutex
	id   int
	wait map[int]chan devToolsAnswer
	done chan struct{} // closed when the browser has ended
}

type devToolsAnswer struct {
	Result, Error json.RawMessage
}

// OpenDevTools starts a browser with one tab, which closes with the test. Its profile
// is in a folder, so that it can be opened again.
func OpenDevTools(tb testing.TB, server *httptest.Server, profile string) *DevTools {
	tb.Helper()
	Require(tb)
	key := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	cmd := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--password-store=basic", "--user-data-dir="+profile, "--remote-debugging-pipe",
		"--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]),
		"--enable-features=DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting",
		"about:blank")
	in, to, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{in, out} // the browser's descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	in.Close()
	out.Close()
	d := &DevTools{tb: tb, cmd: cmd, to: to, events: make(chan string, 10000), loads: make(chan struct{}, 10000), wait: map[int]chan devToolsAnswer{}, done: make(chan struct{})}
	go d.read(from)
	tb.Cleanup(d.Close)
	var tab struct{ TargetID, SessionID string }
	d.call("Target.createTarget", map[string]any{"url": "about:blank"}, &tab)
	d.call("Target.attachToTarget", map[string]any{"targetId": tab.TargetID, "flatten": true}, &tab)
	d.target = tab.SessionID
	d.call("Network.enable", nil, nil)
	d.call("Page.enable", nil, nil)
	d.call("Network.enableDeviceBoundSessions", map[string]any{"enable": true}, nil)
	return d
}

// read takes the browser's messages, until it ends.
func (d *DevTools) read(from *os.File) {
	defer close(d.done)
	defer from.Close()
	lines := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := lines.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			ID int
			devToolsAnswer
			Method string
			Params json.RawMessage
		}
		if json.Unmarshal(bytes.TrimRight(line, "\x00"), &m) != nil {
			continue
		}
		if m.ID == 0 {
			switch m.Method {
			case "Page.loadEventFired":
				d.loads <- struct{}{}
			case "Network.deviceBoundSessionEventOccurred":
				d.events <- string(m.Params)
			}
			continue
		}
		d.mu.Lock()
		answer := d.wait[m.ID]
		delete(d.wait, m.ID)
		d.mu.Unlock()
		answer <- m.devToolsAnswer
	}
}

// Close ends the browser. Closing it again does nothing.
func (d *DevTools) Close() {
	if d.to == nil {
		return
	}
	d.target = ""
	d.call("Browser.close", nil, nil)
	<-d.done
	d.cmd.Wait()
	d.to.Close()
	d.to = nil
}

// call sends a command and decodes its result into result, unless that is nil.
func (d *DevTools) call(method string, params, result any) {
	d.tb.Helper()
	if params == nil {
		params = struct{}{}
	}
	answered := make(chan devToolsAnswer, 1)
	d.mu.Lock()
	d.id++
	d.wait[d.id] = answered
	m := map[string]any{"id": d.id, "method": method, "params": params}
	if d.target != "" {
		m["sessionId"] = d.target
	}
	data, err := json.Marshal(m)
	if err == nil {
		_, err = d.to.Write(append(data, 0))
	}
	d.mu.Unlock()
	if err != nil {
		d.tb.Fatalf("browser: %s: %v", method, err)
	}
	select {
	case a := <-answered:
		if a.Error != nil {
			d.tb.Fatalf("browser: %s: %s", method, a.Error)
		}
		if result != nil {
			if err := json.Unmarshal(a.Result, result); err != nil {
				d.tb.Fatalf("browser: %s: %v", method, err)
			}
		}
	case <-d.done:
	case <-time.After(patience):
		d.tb.Fatalf("browser: no answer to %s", method)
	}
}

// Until waits for an event of bound sessions whose parameters contain a text, and drops
// earlier events.
func (d *DevTools) Until(text string) {
	d.tb.Helper()
	for {
		select {
		case e := <-d.events:
			if strings.Contains(e, text) {
				return
			}
		case <-d.done:
			d.tb.Fatalf("browser: ended before %s", text)
		case <-time.After(patience):
			d.tb.Fatalf("browser: no event with %s", text)
		}
	}
}

// Go opens a page and returns its text.
func (d *DevTools) Go(url string) string {
	d.tb.Helper()
	d.call("Page.navigate", map[string]any{"url": url}, nil)
	return d.loaded()
}

// loaded waits for the page that is under way, and returns its text.
func (d *DevTools) loaded() string {
	d.tb.Helper()
	select {
	case <-d.loads:
	case <-d.done:
		d.tb.Fatal("browser: ended before the page was loaded")
	case <-time.After(patience):
		d.tb.Fatal("browser: the page is not loaded")
	}
	return d.Run("document.body.innerText")
}

// Follow lets the page that is shown lead to another one, as a link does.
func (d *DevTools) Follow(url string) string {
	d.tb.Helper()
	d.Run(fmt.Sprintf("location.href = %q", url))
	return d.loaded()
}

// Run returns the text that an expression in the page gives, or the promise that it is.
func (d *DevTools) Run(expression string) string {
	d.tb.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	d.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &r)
	if r.ExceptionDetails != nil {
		d.tb.Fatalf("browser: %s: %s", expression, r.ExceptionDetails)
	}
	return fmt.Sprint(r.Result.Value)
}

// ExpireCookie removes a cookie, as its end does.
func (d *DevTools) ExpireCookie(name, url string) {
	d.tb.Helper()
	d.call("Network.deleteCookies", map[string]any{"name": name, "url": url}, nil)
}
