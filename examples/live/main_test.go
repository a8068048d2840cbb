package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// newClient returns a browser that shows the chat.
func newClient(t *testing.T) (*sessiontest.Client, *chat) {
	t.Helper()
	c, err := newChat(memstore.New[User](nil))
	if err != nil {
		t.Fatal(err)
	}
	return sessiontest.NewClient(t, c.handler()), c
}

// A stream is a response that is read while it is written.
type stream struct {
	t      *testing.T
	header http.Header
	*io.PipeWriter
	lines *bufio.Scanner
}

func (s *stream) Header() http.Header { return s.header }
func (s *stream) WriteHeader(int)     {}
func (s *stream) Flush()              {}

// listen opens the stream of events with the browser's cookie.
func listen(t *testing.T, client *sessiontest.Client, c *chat) *stream {
	t.Helper()
	r, w := io.Pipe()
	s := &stream{t, http.Header{}, w, bufio.NewScanner(r)}
	ctx, disconnect := context.WithCancel(t.Context())
	t.Cleanup(disconnect)
	request := client.Request("/events").WithContext(ctx)
	go func() {
		c.handler().ServeHTTP(s, request)
		w.Close()
	}()
	return s
}

// gets fails the test if these are not the next event and its data.
func (s *stream) gets(event, data string) {
	s.t.Helper()
	var got [3]string
	for i := range got {
		if !s.lines.Scan() {
			s.t.Fatalf("the stream has ended before %s %q: %q", event, data, got)
		}
		got[i] = s.lines.Text()
	}
	if want := [3]string{"event: " + event, "data: " + data, ""}; got != want {
		s.t.Fatalf("got %q, not %q", got, want)
	}
}

// ends fails the test if another event follows.
func (s *stream) ends() {
	s.t.Helper()
	for s.lines.Scan() {
		s.t.Errorf("got %q", s.lines.Text())
	}
}

func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada, c := newClient(t)
		bob := ada.Other()
		ada.Post("/login", url.Values{"name": {"ada"}}).At("/")
		bob.Post("/login", url.Values{"name": {"bob"}}).At("/")
		events := listen(t, ada, c)
		events.gets("welcome", "ada")
		bob.Post("/messages", url.Values{"text": {"Hello\n\ndata: there"}}).At("/")
		events.gets("message", "bob: Hello data: there")
		time.Sleep(heartbeat)
		events.gets("beat", "")
		bob.Post("/logout", nil)
		bob.Post("/messages", url.Values{"text": {"Hello"}}).HasStatus(http.StatusUnauthorized)
		bob.Post("/login", url.Values{"name": {"two\nlines"}}).HasStatus(http.StatusUnprocessableEntity)
	})
}

// A log-out ends the stream of its session at once, and no other.
func TestLogOutEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		laptop, c := newClient(t)
		phone := laptop.Other()
		laptop.Post("/login", url.Values{"name": {"ada"}})
		phone.Post("/login", url.Values{"name": {"ada"}})
		onLaptop, onPhone := listen(t, laptop, c), listen(t, phone, c)
		onLaptop.gets("welcome", "ada")
		onPhone.gets("welcome", "ada")

		start := time.Now()
		phone.Tab().Post("/logout", nil).At("/").Has("Who are you?")
		onPhone.gets("end", "")
		onPhone.ends()
		if d := time.Since(start); d > time.Second {
			t.Errorf("the stream has ended after %v", d)
		}
		laptop.Post("/messages", url.Values{"text": {"Still here"}})
		onLaptop.gets("message", "ada: Still here")

		if _, err := c.users.RevokeAll(t.Context(), "ada", ""); err != nil {
			t.Fatal(err)
		}
		onLaptop.gets("end", "")
		onLaptop.ends()
	})
}

// Logging in again ends the token of the stream, which ends: the browser connects again
// with its new cookie. Other uses of the session do not end it.
func TestLogInLetsTheBrowserConnectAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada, c := newClient(t)
		ada.Post("/login", url.Values{"name": {"ada"}})
		events := listen(t, ada, c)
		events.gets("welcome", "ada")
		ada.Tab().Post("/messages", url.Values{"text": {"Hello"}})
		events.gets("message", "ada: Hello")
		ada.Post("/login", url.Values{"name": {"ada"}})
		events.ends()
		listen(t, ada, c).gets("welcome", "ada")
	})
}

func TestStrangersGetNoEvents(t *testing.T) {
	c, _ := newClient(t)
	c.Get("/events").HasStatus(http.StatusUnauthorized)
}

func TestSlowMemberIsLeftBehind(t *testing.T) {
	var h hub
	messages, leave := h.join()
	defer leave()
	for range backlog + 2 {
		h.send("Hello")
	}
	n := 0
	for range messages {
		n++
	}
	if n != backlog {
		t.Errorf("got %d messages", n)
	}
}
