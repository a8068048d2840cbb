package everystore

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// A node is one server of an application that runs on several.
type node struct {
	*middleware.Manager[Account]
	http.Handler
}

// nodes returns two nodes, each of which has opened the same store for itself.
func nodes(t *testing.T, open func() session.Store[Account], o middleware.Options) (one, two node) {
	t.Helper()
	o.Logger, o.SaveTimeout = slog.New(slog.DiscardHandler), time.Minute // a busy machine may take seconds
	return newNode(t, open(), &o), newNode(t, open(), &o)
}

func newNode(t *testing.T, store session.Store[Account], o *middleware.Options) node {
	t.Helper()
	m, err := middleware.New(store, o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s, err := middleware.Get[Account](r)
		if err != nil {
			middleware.Fail[Account](w, r, err)
			return
		}
		end, err := middleware.Ended[Account](r)
		fmt.Fprintf(w, "user=%s pages=%d ended=%s %v", s.Value().User, s.Value().Pages, end.Reason, err)
	})
	mux.HandleFunc("POST /page", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Account]) {
		s.Update(func(a *Account) { a.Pages++ })
	}))
	mux.HandleFunc("POST /login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Account]) {
		s.LogIn(func(a *Account) { a.User = r.FormValue("user") })
		if err := s.Commit(r.Context()); errors.Is(err, session.ErrTooManySessions) {
			s.Discard()
			http.Error(w, "refused", http.StatusForbidden)
		} else if err != nil {
			middleware.Fail[Account](w, r, err)
		}
	}))
	mux.HandleFunc("POST /logout", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[Account]) {
		s.Destroy()
	}))
	return node{m, m.Handler(mux)}
}

func logIn(c *sessiontest.Client, user string) *sessiontest.Page {
	return c.Post("/login", url.Values{"user": {user}})
}

// owned returns the IDs of the user's sessions.
func (n node) owned(t *testing.T, user string) (ids []session.ID) {
	t.Helper()
	for rec, err := range n.ByOwner(t.Context(), user) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, rec.ID)
	}
	return ids
}

// Another node ends the session of a visitor, who is told why at the next request. The
// note is in no list.
func testToldWhy(t *testing.T, open func() session.Store[Account]) {
	o := middleware.Options{KeepEnded: time.Hour, MaxPerOwner: 1}
	one, two := nodes(t, open, o)
	for name, test := range map[string]struct {
		end  func(user string, id session.ID) error
		told session.Reason
	}{
		"revoked": {func(user string, id session.ID) error { return two.Revoke(t.Context(), user, id, "") }, session.ReasonRevoked},
		"all revoked": {func(user string, id session.ID) error {
			_, err := two.RevokeAll(t.Context(), user, "password_changed")
			return err
		}, "password_changed"},
		"an operator": {func(_ string, id session.ID) error { return two.End(t.Context(), id, "") }, session.ReasonOperator},
		"pushed out": {func(user string, _ session.ID) error {
			logIn(sessiontest.NewClient(t, two), user).HasStatus(http.StatusOK)
			return nil
		}, session.ReasonMaxPerOwner},
	} {
		t.Run(name, func(t *testing.T) {
			user := "user of " + name
			browser := sessiontest.NewClient(t, one)
			browser.Post("/page", nil)
			logIn(browser, user).HasStatus(http.StatusOK)
			browser.Get("/").Has("user=" + user + " pages=1 ended= <nil>")
			ids := one.owned(t, user)
			if len(ids) != 1 {
				t.Fatalf("%d sessions", len(ids))
			}
			copied := browser.Copy()
			if err := test.end(user, ids[0]); err != nil {
				t.Fatal(err)
			}
			page := browser.Get("/")
			for began := time.Now(); strings.Contains(page.Text(), user) && time.Since(began) < 10*time.Second; page = browser.Reload() {
				time.Sleep(time.Millisecond) // a near cache may serve the session for a moment
			}
			page.Has("user= pages=0 ended=" + string(test.told) + " <nil>")
			copied.Get("/").Has("ended=" + string(test.told))
			if _, err := two.Record(t.Context(), ids[0]); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("the record: %v", err)
			}
			for rec, err := range two.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if rec.ID == ids[0] || rec.Owner == "" {
					t.Errorf("listed: %v of %q", rec.ID, rec.Owner)
				}
			}
			logIn(browser, user).HasStatus(http.StatusOK)
			browser.Get("/").Has("user=" + user)
			browser.Post("/logout", nil)
			browser.Get("/").Has("user= pages=0 ended= <nil>") // there is no token any more
		})
	}
}

// A log-in at the bound is refused. It leaves the visitor as he was, and the others too.
func testRefused(t *testing.T, open func() session.Store[Account]) {
	o := middleware.Options{MaxPerOwner: 1, AtMax: session.RefuseLogIn}
	one, two := nodes(t, open, o)
	first, second := sessiontest.NewClient(t, one), sessiontest.NewClient(t, two)
	logIn(first, "ada").HasStatus(http.StatusOK)
	second.Post("/page", nil)
	for range 2 {
		logIn(second, "ada").HasStatus(http.StatusForbidden).Has("refused").Told(sessiontest.NoNews)
		second.Get("/").Has("user= pages=1")
		first.Get("/").Has("user=ada")
	}
	if n := len(two.owned(t, "ada")); n != 1 {
		t.Errorf("%d sessions", n)
	}
	first.Post("/logout", nil)
	logIn(second, "ada").HasStatus(http.StatusOK)
	second.Get("/").Has("user=ada pages=1")
}

// Of many log-ins at once on two nodes, as many succeed as there is room for.
func testLogInsAtOnce(t *testing.T, open func() session.Store[Account]) {
	for round := range 5 {
		const most, logIns = 3, 12
		user := fmt.Sprint("user ", round)
		o := middleware.Options{MaxPerOwner: most, AtMax: session.RefuseLogIn}
		one, two := nodes(t, open, o)
		var done, refused atomic.Int64
		var all sync.WaitGroup
		for i := range logIns {
			all.Go(func() {
				s, err := []node{one, two}[i%2].Open(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				s.LogIn(func(a *Account) { a.User = user })
				switch err := s.Commit(t.Context()); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, session.ErrTooManySessions):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(one.owned(t, user)); done.Load() != most || refused.Load() != logIns-most || n != most {
			t.Errorf("%d done, %d refused, %d sessions", done.Load(), refused.Load(), n)
		}
	}
}
