package sessiontest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

// Peek returns the client's session, as its next request would find it. It asks the
// manager of type T that served the client's last request. The visit leaves no
// trace: it does not count as a use of the session, and a [Store] neither records it
// nor lets a fault hinder it.
//
//	sessiontest.Equal(t, sessiontest.Peek[Cart](ada), Cart{Customer: "ada"})
//
// The test fails if no such manager has served the client, or if the store does not
// answer. Changes to the session can be saved by its Commit, as another request would.
func Peek[T any](c *Client) *session.Session[T] {
	c.tb.Helper()
	manager := managerOf[T](c)
	if manager == nil {
		c.tb.Fatalf("sessiontest: Peek: no manager of sessions of type %v has served the client's last request", reflect.TypeFor[T]())
	}
	s, err := PeekTab(c.context(), c.tab, manager)
	if err != nil {
		c.tb.Fatalf("sessiontest: Peek: %v", err)
	}
	return s
}

// PeekTab is [Peek] for code without a test. It returns the error of [middleware.Get].
func PeekTab[T any](ctx context.Context, tab *browser.Tab, m *middleware.Manager[T]) (s *session.Session[T], err error) {
	path := "/"
	if page := tab.Page(); page != nil && page.Hops != nil {
		path = page.URL.String()
	}
	typed := tab.Browser().Tab() // to which cookies of every SameSite go
	typed.Header = tab.Header
	r, err := typed.Request(context.WithValue(ctx, unseen{}, true), path)
	if err != nil {
		return nil, err
	}
	look := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err = middleware.Get[T](r)
		panic(unseen{}) // so that the session is not touched
	})
	defer func() {
		if p := recover(); p != nil && p != any(unseen{}) {
			panic(p)
		}
	}()
	m.Handler(look).ServeHTTP(httptest.NewRecorder(), r)
	return s, err
}

// unseen is the key of contexts whose store calls are the test's own.
type unseen struct{}

func managerOf[T any](c *Client) *middleware.Manager[T] {
	for _, m := range c.managers {
		if m, ok := m.(*middleware.Manager[T]); ok {
			return m
		}
	}
	return nil
}
