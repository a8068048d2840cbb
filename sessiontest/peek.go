package sessiontest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
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
	s, err := peek[T](c)
	if err != nil {
		c.tb.Fatalf("sessiontest: Peek: %v", err)
	}
	return s
}

func peek[T any](c *Client) (s *session.Session[T], err error) {
	manager := managerOf[T](c)
	if manager == nil {
		return nil, fmt.Errorf("no manager of sessions of type %v has served the client's last request", reflect.TypeFor[T]())
	}
	path := "/"
	if page := c.tab.Page(); page != nil {
		path = page.URL.String()
	}
	r, err := c.tab.Request(context.WithValue(c.context(), unseen{}, true), path)
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
	manager.Handler(look).ServeHTTP(httptest.NewRecorder(), r)
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
