package middleware_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each row is something that happens to a watched session, on stores of every ability.
func TestWatchChanges(t *testing.T) {
	t.Parallel()
	count := func(c *cart) { c.Items++ }
	for name, test := range map[string]struct {
		do    func(t *testing.T, a *app, s *session.Session[cart])
		tells bool
		cause error
	}{
		"a change by another request": {func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Update(count)
			commit(t, o)
		}, true, nil},
		"a change by an operator": {func(t *testing.T, a *app, s *session.Session[cart]) {
			if err := a.Edit(t.Context(), s.ID(), count); err != nil {
				t.Fatal(err)
			}
		}, true, nil},
		"a change of its own": {func(t *testing.T, a *app, s *session.Session[cart]) {
			s.Update(count)
			commit(t, s)
		}, false, nil},
		"a touch": {func(t *testing.T, a *app, s *session.Session[cart]) {
			time.Sleep(30 * time.Minute)
			commit(t, a.other(t, s))
		}, false, nil},
		"a change before it is watched": {nil, true, nil},
		"another owner": {func(t *testing.T, a *app, s *session.Session[cart]) {
			o := a.other(t, s)
			o.Update(func(c *cart) { c.Customer = "bob" })
			commit(t, o)
		}, false, session.ErrGone},
		"an end": {func(t *testing.T, a *app, s *session.Session[cart]) {
			if err := a.End(t.Context(), s.ID(), ""); err != nil {
				t.Fatal(err)
			}
		}, false, session.ErrNotFound},
		"nothing": {func(*testing.T, *app, *session.Session[cart]) {}, false, nil},
	} {
		for _, st := range watchStores {
			t.Run(name+", "+st.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newApp(t, st.new(), nil)
					s := a.opened(t)
					if test.do == nil {
						o := a.other(t, s)
						o.Update(count)
						commit(t, o)
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					watched, changes := a.WatchChanges(ctx, s)
					synctest.Wait()
					if test.do != nil {
						test.do(t, a, s)
					}
					time.Sleep(st.notices + time.Millisecond)
					synctest.Wait()
					told := len(changes) == 1
					if told != test.tells || !errors.Is(context.Cause(watched), test.cause) || (test.cause == nil) != (watched.Err() == nil) {
						t.Errorf("told %v; %v", told, context.Cause(watched))
					}
					if !told {
						return
					}
					<-changes
					if err := s.Reload(watched); err != nil || s.Value().Items != 2 {
						t.Errorf("%v; %+v", err, s.Value())
					}
					time.Sleep(st.notices + time.Millisecond)
					synctest.Wait()
					if len(changes) != 0 {
						t.Error("it tells of one change twice")
					}
				})
			})
		}
	}
}

// Many changes that nobody takes are one message, and keep the watch from nothing.
func TestWatchChangesDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, watchStores[0].new(), nil)
		s := a.opened(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		watched, changes := a.WatchChanges(ctx, s)
		for range 10 {
			o := a.other(t, s)
			o.Update(func(c *cart) { c.Items++ })
			commit(t, o)
			synctest.Wait()
		}
		if len(changes) != 1 {
			t.Errorf("%d messages", len(changes))
		}
		if _, err := a.RevokeAll(t.Context(), "ada", ""); err != nil {
			t.Fatal(err)
		}
		<-watched.Done()
	})
}
