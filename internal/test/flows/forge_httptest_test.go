package flows

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/stores/memstore"
)

// A plainClient is what tests of flows make of net/http.
type plainClient struct {
	t      *testing.T
	server *httptest.Server
	http   *http.Client
	set    []*http.Cookie // all that the server has set
}

func plainForge(t *testing.T) *plainClient {
	h, err := newForge(memstore.New[User](nil))
	if err != nil {
		t.Fatal(err)
	}
	return newPlainClient(t, h)
}

func newPlainClient(t *testing.T, h http.Handler) *plainClient {
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	c := &plainClient{t: t, server: server}
	c.open(nil)
	return c
}

// open opens another browser, with these cookies.
func (c *plainClient) open(cookies []*http.Cookie) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	jar.SetCookies(c.url("/"), cookies)
	c.http = c.server.Client()
	c.http.Jar = jar
	c.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		c.set = append(c.set, r.Response.Cookies()...)
		return nil
	}
}

func (c *plainClient) url(path string) *url.URL {
	u, err := url.Parse(c.server.URL + path)
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// token returns the value of the session's cookie, or "".
func (c *plainClient) token() string {
	for _, cookie := range c.http.Jar.Cookies(c.url("/")) {
		if cookie.Name == "__Host-session_id" {
			return cookie.Value
		}
	}
	return ""
}

// do sends a request and returns the path, the status and the text of the last page.
func (c *plainClient) do(r *http.Request, err error) (path string, status int, text string) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	c.set = append(c.set, response.Cookies()...)
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.Request.URL.Path, response.StatusCode, string(body)
}

func (c *plainClient) get(path string) (string, int, string) {
	c.t.Helper()
	return c.do(http.NewRequestWithContext(c.t.Context(), "GET", c.url(path).String(), nil))
}

func (c *plainClient) post(path string, form url.Values) (string, int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), "POST", c.url(path).String(), strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return c.do(r, err)
}

// at fails the test if a page is not that of the path.
func (c *plainClient) at(want string) {
	c.t.Helper()
	if path, status, text := c.get("/user/settings"); path != want || status != http.StatusOK {
		c.t.Errorf("the page is %s with status %d, not %s:\n%s", path, status, want, text)
	}
}

func (c *plainClient) signIn(name, password, remember string) (string, int, string) {
	c.t.Helper()
	return c.post("/user/login", url.Values{"user_name": {name}, "password": {password}, "remember": {remember}})
}

func TestPlainForgeSignInFails(t *testing.T) {
	for _, sample := range [][2]string{{"wrong", "wrong"}, {"wrong", password}, {"user2", "wrong"}, {"user2@example.com", password}} {
		c := plainForge(t)
		path, status, text := c.signIn(sample[0], sample[1], "")
		if path != "/user/login" || status != http.StatusOK || !strings.Contains(text, "Username or password is incorrect.") {
			t.Errorf("%s with status %d:\n%s", path, status, text)
		}
		if c.token() != "" {
			t.Error("there is a cookie")
		}
	}
}

func TestPlainForgeRememberMe(t *testing.T) {
	for page, remember := range map[string]string{"/user/settings": "on", "/user/login": ""} {
		c := plainForge(t)
		c.at("/user/login")
		path, status, text := c.signIn("user2", password, remember)
		if path != "/" || status != http.StatusOK || !strings.Contains(text, "Dashboard of user2") {
			t.Errorf("%s with status %d:\n%s", path, status, text)
		}
		c.at("/user/settings")
		var kept []*http.Cookie
		for _, cookie := range c.set {
			if cookie.MaxAge > 0 {
				kept = append(kept, cookie)
			}
		}
		c.open(kept)
		c.at(page)
	}
}

func TestPlainForgeSignOut(t *testing.T) {
	c := plainForge(t)
	c.signIn("user2", password, "")
	stolen := c.http.Jar.Cookies(c.url("/"))
	if c.token() == "" {
		t.Error("there is no cookie")
	}
	if path, status, text := c.post("/user/logout", nil); path != "/" || status != http.StatusOK || strings.Contains(text, "Dashboard") {
		t.Errorf("%s with status %d:\n%s", path, status, text)
	}
	if c.token() != "" {
		t.Error("there is still a cookie")
	}
	c.at("/user/login")
	c.open(secure(stolen))
	c.at("/user/login")
}

// secure gives back what a jar does not tell of its cookies.
func secure(cookies []*http.Cookie) []*http.Cookie {
	for _, cookie := range cookies {
		cookie.Secure, cookie.Path = true, "/"
	}
	return cookies
}

func TestPlainForgeSignInAgain(t *testing.T) {
	c := plainForge(t)
	c.signIn("user2", password, "")
	stolen, token := c.http.Jar.Cookies(c.url("/")), c.token()
	c.signIn("user2", password, "")
	if c.token() == token || token == "" {
		t.Error("the token was not renewed")
	}
	c.open(secure(stolen))
	c.at("/user/login")
}

func TestPlainForgeOtherSites(t *testing.T) {
	c := plainForge(t)
	c.signIn("user2", password, "")
	r, err := http.NewRequestWithContext(t.Context(), "POST", c.url("/user/logout").String(), nil)
	if err == nil {
		r.Header.Set("Origin", "https://evil.test")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	if _, status, text := c.do(r, err); status != http.StatusForbidden {
		t.Errorf("status %d:\n%s", status, text)
	}
	c.at("/user/settings")
}
