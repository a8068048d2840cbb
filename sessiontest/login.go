package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/seed48429006/sessions/internal/probe"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

// LogIn logs the client in: its session has the value v, as if the application's own
// log-in page had set it. The browser gets the cookie that the manager would give it,
// with its name and its signature.
//
//	ada := sessiontest.NewClient(t, handler)
//	sessiontest.LogIn(ada, Cart{Customer: "ada"})
//	ada.Get("/account").Has("Hello ada")
//
// It asks the manager of type T that served the client's last request. If the client
// has made none, LogIn sends OPTIONS / to find it. A manager that is around some routes
// only must have served a page before. A [Store] does not record the log-in, and lets no
// fault hinder it. The test fails if there is no such manager, or v cannot be stored.
func LogIn[T any](c *Client, v T) {
	c.tb.Helper()
	if managerOf[T](c) == nil {
		var p probe.Probe
		if _, err := c.tab.Fetch(context.WithValue(p.NewContext(c.context()), unseen{}, true), http.MethodOptions, "/", ""); err != nil {
			c.tb.Fatalf("sessiontest: LogIn: %v", err)
		}
		c.managers = p.Managers()
	}
	manager := managerOf[T](c)
	if manager == nil {
		c.tb.Fatalf("sessiontest: LogIn: no manager of sessions of type %v serves /; open a page first whose handler is within one", reflect.TypeFor[T]())
	}
	c.tab.Header = c.Header
	if err := LogInTab(c.context(), c.tab, manager, v); err != nil {
		c.tb.Fatalf("sessiontest: LogIn: %v", err)
	}
}

// LogInTab is [LogIn] for code without a test.
func LogInTab[T any](ctx context.Context, tab *browser.Tab, m *middleware.Manager[T], v T) error {
	path := "/"
	if page := tab.Page(); page != nil {
		path = page.URL.String()
	}
	var p probe.Probe
	var failed error
	typed := tab.Browser().ServedBy(m.Handler(middleware.Handle(func(_ http.ResponseWriter, r *http.Request, s *session.Session[T]) {
		s.LogIn(func(t *T) { *t = v })
		failed = s.Commit(r.Context())
	}))).Tab()
	typed.Header = tab.Header
	page, err := typed.Get(context.WithValue(p.NewContext(ctx), unseen{}, true), path)
	if err != nil {
		return err
	}
	for _, name := range p.Tokens() {
		name, isHeader := strings.CutPrefix(name, "header ")
		if token := page.Header.Get(name); isHeader && token != "" {
			tab.Header.Set(name, token)
		}
	}
	for _, refused := range page.Refused {
		failed = errors.Join(failed, refused.Err)
	}
	return errors.Join(failed, p.Err())
}
