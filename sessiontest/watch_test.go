package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// A stream is an application with a log-in, a log-out and a connection that lives as
// long as its session.
type stream struct {
	store *sessiontest.Store[Cart]
	carts *middleware.Manager[Cart]
	ada   *sessiontest.Client
	ended chan error // why the connection ended
}

// newStream returns the application with one connection open.
func newStream(t *testing.T) *stream {
	s := &stream{store: sessiontest.NewStore[Cart](t), ended: make(chan error, 1)}
	var err error
	if s.carts, err = middleware.New(s.store, &middleware.Options{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /login", middleware.Handle(func(w http.ResponseWriter, _ *http.Request, cart *session.Session[Cart]) {
		cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	}))
	mux.Handle("POST /items", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, cart *session.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	}))
	mux.Handle("POST /logout", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, cart *session.Session[Cart]) {
		cart.Destroy()
	}))
	mux.Handle("GET /events", middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		fmt.Fprint(w, "data: hello ", cart.Value().Customer, "\n\n")
		ctx := s.carts.Watch(r.Context(), cart)
		<-ctx.Done()
		s.ended <- context.Cause(ctx)
	}))
	s.ada = sessiontest.NewClient(t, s.carts.Handler(mux))
	s.ada.Post("/login", nil)
	tab := s.ada.Tab()
	go tab.Get("/events")
	synctest.Wait()
	return s
}

// A handler's connection ends at once when its session is ended by another request,
// and does not end for anything else.
func TestConnectionsEndWithTheSession(t *testing.T) {
	errGoesOn := errors.New("it goes on")
	for name, test := range map[string]struct {
		do   func(*stream)
		want error
	}{
		"log-out in another tab": {func(s *stream) { s.ada.Post("/logout", nil) }, session.ErrNotFound},
		"log-in in another tab":  {func(s *stream) { s.ada.Post("/login", nil) }, session.ErrGone},
		"revoked":                {func(s *stream) { s.carts.RevokeAll(context.Background(), "ada", "") }, session.ErrNotFound},
		"deleted in the store": {func(s *stream) {
			for rec := range s.store.Direct().ByOwner(context.Background(), "ada") {
				s.store.Direct().Delete(context.Background(), rec.ID, 0)
			}
		}, session.ErrNotFound},
		"expired":               {func(*stream) { time.Sleep(time.Hour + middleware.DefaultWatchInterval) }, session.ErrNotFound},
		"changed":               {func(s *stream) { s.ada.Post("/items", nil) }, errGoesOn},
		"another's log-out":     {func(s *stream) { bob := s.ada.Other(); bob.Post("/login", nil); bob.Post("/logout", nil) }, errGoesOn},
		"the store is down":     {func(s *stream) { s.store.Down(); time.Sleep(10 * time.Minute) }, errGoesOn},
		"a question is refused": {func(s *stream) { s.store.Fail(sessiontest.OpRevisions, errGoesOn); s.ada.Post("/logout", nil) }, errGoesOn},
		"a refused question is asked again": {func(s *stream) {
			s.store.Fail(sessiontest.OpRevisions, errGoesOn)
			s.ada.Post("/logout", nil)
			s.store.Up()
			time.Sleep(middleware.DefaultWatchInterval)
		}, session.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStream(t)
				began := time.Now()
				test.do(s)
				synctest.Wait()
				var got error
				select {
				case got = <-s.ended:
				default:
					got = errGoesOn
				}
				if !errors.Is(got, test.want) {
					t.Errorf("after %v: %v, want %v", time.Since(began), got, test.want)
				}
				s.store.Up()
				s.carts.RevokeAll(t.Context(), "ada", "")
			})
		})
	}
}

// The store is asked about all watched sessions in one call, which is recorded.
func TestStoreRecordsRevisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(t)
		s.store.Reset()
		time.Sleep(middleware.DefaultWatchInterval)
		synctest.Wait()
		if calls := s.store.Calls(); len(calls) != 1 || calls[0] != (sessiontest.Call{Op: sessiontest.OpRevisions}) {
			t.Errorf("calls: %v", calls)
		}
		s.ada.Post("/logout", nil)
	})
}
