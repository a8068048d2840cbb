package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
)

// A client is a program that keeps the token as the API asks.
type client struct {
	t *testing.T
	*sessiontest.Client
}

func newClient(t *testing.T) (*client, *sessiontest.Store[Client]) {
	t.Helper()
	store := sessiontest.NewStore[Client](t)
	api, err := newAPI(store)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, sessiontest.NewClient(t, api)}, store
}

// do fails the test if the request is not answered with the status and the JSON.
func (c *client) do(method, path, body string, status int, want string) {
	c.t.Helper()
	page := c.Fetch(method, path, body).HasStatus(status)
	if token, sent := page.Header[tokenHeader]; sent {
		c.Header[tokenHeader] = token
	}
	if got := strings.TrimSpace(page.Body); got != want {
		c.t.Errorf("%s: %s; want %s", page, got, want)
	}
	if len(c.Cookies()) != 0 {
		c.t.Errorf("%s: a cookie was set", page)
	}
}

func (c *client) token() string { return c.Header.Get(tokenHeader) }

const (
	goodLogin  = `{"name": "ada", "password": "engine"}`
	logInFirst = `{"error":"log in first"}`
)

func TestNotes(t *testing.T) {
	c, _ := newClient(t)
	c.do("GET", "/notes", "", http.StatusUnauthorized, logInFirst)
	c.do("POST", "/login", `{"name": "ada", "password": "guess"}`, http.StatusUnauthorized, `{"error":"the name or the password is wrong"}`)
	if c.token() != "" {
		t.Error("a wrong password gave a token")
	}
	c.do("POST", "/login", goodLogin, http.StatusOK, `{"user":"ada"}`)
	c.do("GET", "/notes", "", http.StatusOK, `[]`)
	c.do("POST", "/notes", `{"text": "Write a program."}`, http.StatusCreated, `{"notes":1}`)
	c.do("POST", "/notes", `{"text": "Run it."}`, http.StatusCreated, `{"notes":2}`)
	c.do("GET", "/notes", "", http.StatusOK, `["Write a program.","Run it."]`)
}

func TestLogOut(t *testing.T) {
	c, _ := newClient(t)
	c.do("POST", "/login", goodLogin, http.StatusOK, `{"user":"ada"}`)
	stolen := &client{t, c.Copy()}
	c.do("DELETE", "/login", "", http.StatusNoContent, "")
	if c.token() != "" {
		t.Error("the client was not told to forget its token")
	}
	c.do("GET", "/notes", "", http.StatusUnauthorized, logInFirst)
	stolen.do("GET", "/notes", "", http.StatusUnauthorized, logInFirst)
}

func TestBadRequests(t *testing.T) {
	c, _ := newClient(t)
	c.do("POST", "/login", `ada`, http.StatusBadRequest, `{"error":"the body is no such JSON object"}`)
	c.do("POST", "/login", goodLogin, http.StatusOK, `{"user":"ada"}`)
	for _, body := range []string{`{}`, `{"text": "` + strings.Repeat("x", maxText+1) + `"}`} {
		c.do("POST", "/notes", body, http.StatusBadRequest, `{"error":"a note has a text of at most 500 bytes"}`)
	}
}

func TestNotesDoNotPileUp(t *testing.T) {
	c, _ := newClient(t)
	c.do("POST", "/login", goodLogin, http.StatusOK, `{"user":"ada"}`)
	for n := range maxNotes + 2 {
		want, _ := json.Marshal(map[string]int{"notes": min(n+1, maxNotes)})
		c.do("POST", "/notes", `{"text": "x"}`, http.StatusCreated, string(want))
	}
}

func TestStoreDown(t *testing.T) {
	c, store := newClient(t)
	c.do("POST", "/login", goodLogin, http.StatusOK, `{"user":"ada"}`)
	token := c.token()
	for _, op := range []sessiontest.Op{sessiontest.OpSave, sessiontest.OpLoad} {
		store.Fail(op, errors.New("disk on fire"))
		c.do("POST", "/notes", `{"text": "x"}`, http.StatusServiceUnavailable, `{"error":"Service Unavailable"}`)
	}
	if c.token() != token {
		t.Error("the client was told another token")
	}
}

func TestPage(t *testing.T) {
	c, _ := newClient(t)
	c.Get("/").Has("the password <strong>engine</strong>", `headers = token ? {"X-Session-Token": token}`)
}
