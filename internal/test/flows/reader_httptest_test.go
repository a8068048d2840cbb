package flows

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/stores/memstore"
)

func plainReader(t *testing.T) *plainClient {
	h, err := newReader(memstore.New[Reader](nil))
	if err != nil {
		t.Fatal(err)
	}
	return newPlainClient(t, h)
}

var hiddenFields = regexp.MustCompile(`type=hidden name=(\w+) value="([^"]*)"`)

// hidden returns the hidden fields of a page, and the others.
func hidden(t *testing.T, page string, others url.Values) url.Values {
	t.Helper()
	fields := url.Values{}
	for _, m := range hiddenFields.FindAllStringSubmatch(page, -1) {
		fields.Set(m[1], m[2])
	}
	if fields.Get("csrf") == "" {
		t.Fatalf("the page has no token:\n%s", page)
	}
	maps.Copy(fields, others)
	return fields
}

// logIn opens a page that leads to the log-in, and logs in.
func (c *plainClient) logIn(path string) (string, string) {
	c.t.Helper()
	_, _, page := c.get(path)
	path, status, page := c.post("/login", hidden(c.t, page, admin))
	if status != http.StatusOK {
		c.t.Errorf("%s with status %d:\n%s", path, status, page)
	}
	return path, page
}

func TestPlainReaderLoginFails(t *testing.T) {
	c := plainReader(t)
	_, _, page := c.get("/")
	_, _, page = c.post("/login", hidden(t, page, url.Values{"username": {"admin"}, "password": {"wrong"}}))
	if !strings.Contains(page, "Invalid username or password.") {
		t.Errorf("no message:\n%s", page)
	}
	path, _, page := c.post("/login", hidden(t, page, admin))
	if path != "/unread" || !strings.Contains(page, "Unread entries of admin.") {
		t.Errorf("%s:\n%s", path, page)
	}
	if path, _, _ := c.get("/"); path != "/unread" {
		t.Errorf("the page is %s", path)
	}
}

func TestPlainReaderLoginLeadsBack(t *testing.T) {
	for asked, want := range map[string]string{
		"/settings":                          "/settings",
		"/?redirect_url=https://evil.test/a": "/unread",
		"/?redirect_url=//evil.test/a":       "/unread",
	} {
		c := plainReader(t)
		c.get(asked)
		before := c.token()
		if path, _ := c.logIn(asked); path != want {
			t.Errorf("%s leads to %s, not %s", asked, path, want)
		}
		if after := c.token(); before == "" || after == "" || after == before {
			t.Error("the token was not renewed")
		}
	}
}

func TestPlainReaderSettings(t *testing.T) {
	c := plainReader(t)
	path, page := c.logIn("/settings")
	if path != "/settings" || strings.Contains(page, "saved") {
		t.Errorf("%s:\n%s", path, page)
	}
	path, _, page = c.post("/settings", hidden(t, page, url.Values{"theme": {"dark"}}))
	if path != "/settings" || !strings.Contains(page, "Preferences saved!") || !strings.Contains(page, "<option selected>dark") {
		t.Errorf("%s:\n%s", path, page)
	}
	_, _, page = c.get("/settings")
	if strings.Contains(page, "saved") || !strings.Contains(page, "<option selected>dark") {
		t.Errorf("the next page:\n%s", page)
	}
}

func TestPlainReaderFormTokens(t *testing.T) {
	c := plainReader(t)
	refused := func(path string, form url.Values) {
		t.Helper()
		if _, status, page := c.post(path, form); status != http.StatusBadRequest {
			t.Errorf("%s has status %d:\n%s", path, status, page)
		}
	}
	refused("/login", admin)
	_, _, page := c.get("/settings")
	before := hidden(t, page, nil).Get("csrf")
	c.logIn("/settings")
	refused("/settings", url.Values{"theme": {"dark"}, "csrf": {before}})
	refused("/logout", nil)
	_, _, page = c.get("/settings")
	token := c.token()
	if path, _, _ := c.post("/logout", hidden(t, page, nil)); path != "/" {
		t.Errorf("the log-out leads to %s", path)
	}
	if after := c.token(); after == "" || after == token {
		t.Error("the session is the old one")
	}
	if path, _, _ := c.get("/unread"); path != "/" {
		t.Errorf("the page is %s", path)
	}
}
