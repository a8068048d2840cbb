package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A tester has a browser for the pages, and a server for connections.
type tester struct {
	*sessiontest.Client
	t      *testing.T
	server string
}

func newTester(t *testing.T, store sessions.Store[User]) *tester {
	t.Helper()
	s, err := newSite(store)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)
	return &tester{sessiontest.NewClient(t, s.handler()), t, server.URL}
}

// dial connects with the browser's cookies, from the page of an origin.
func (c *tester) dial(origin string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{"Origin": {origin}}
	for _, cookie := range c.Cookies() {
		header.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	return websocket.Dial(ctx, c.server+"/connect", &websocket.DialOptions{HTTPHeader: header})
}

func (c *tester) connect() *websocket.Conn {
	c.t.Helper()
	conn, _, err := c.dial(c.server)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.CloseNow() })
	return conn
}

// says sends a message and fails the test if the answer is another.
func (c *tester) says(conn *websocket.Conn, text, want string) {
	c.t.Helper()
	if err := conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
	_, got, err := conn.Read(c.t.Context())
	if err != nil || string(got) != want {
		c.t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

// closed fails the test if the server does not close the connection for this reason.
func (c *tester) closed(conn *websocket.Conn, want websocket.StatusCode, reason string) {
	c.t.Helper()
	_, got, err := conn.Read(c.t.Context())
	closing, ok := errors.AsType[websocket.CloseError](err)
	if !ok || closing.Code != want || closing.Reason != reason {
		c.t.Errorf("%q, %v", got, err)
	}
}

func TestMessagesAreCounted(t *testing.T) {
	ada := newTester(t, memstore.New[User](nil))
	ada.Post("/login", url.Values{"name": {"ada"}})
	conn := ada.connect()
	ada.says(conn, "Hello", "ada 1: Hello")
	ada.says(conn, "there", "ada 2: there")
	ada.says(ada.connect(), "again", "ada 3: again")
	ada.says(conn, "both", "ada 4: both")
}

func TestLogOutClosesTheConnection(t *testing.T) {
	ada := newTester(t, memstore.New[User](nil))
	ada.Post("/login", url.Values{"name": {"ada"}})
	conn := ada.connect()
	ada.says(conn, "Hello", "ada 1: Hello")
	ada.Post("/logout", nil)
	ada.closed(conn, websocket.StatusPolicyViolation, "your session has ended")
}

func TestMessageThatIsNotSaved(t *testing.T) {
	store := sessiontest.NewStore[User](t)
	ada := newTester(t, store)
	ada.Post("/login", url.Values{"name": {"ada"}})
	conn := ada.connect()
	store.Fail(sessiontest.OpSave, errors.New("disk on fire"))
	if err := conn.Write(t.Context(), websocket.MessageText, []byte("Hello")); err != nil {
		t.Fatal(err)
	}
	ada.closed(conn, websocket.StatusTryAgainLater, "your message was not saved")
}

func TestWhoMayConnect(t *testing.T) {
	ada := newTester(t, memstore.New[User](nil))
	if _, resp, err := ada.dial(ada.server); err == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a log-in: %v, %v", resp, err)
	}
	ada.Post("/login", url.Values{"name": {"ada"}})
	if _, resp, err := ada.dial("https://evil.test"); err == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %v, %v", resp, err)
	}
	if !strings.Contains(ada.Get("/").Body, "Hello, ada") {
		t.Error("the page does not show the name")
	}
}
