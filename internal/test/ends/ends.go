// Package ends tests on any store how visitors are told why their sessions ended, and how
// log-ins are refused.
package ends

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

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/sessiontest"
)

// An Account is what the sessions hold.
type Account struct {
	User  string
	Notes []string
}

// SessionOwner returns the user.
func (a Account) SessionOwner() string { return a.User }

// Run runs the tests. Each call of open returns the same store, as another node opens it.
func Run(t *testing.T, open func(testing.TB) sessions.Store[Account]) {
	t.Run("told why", func(t *testing.T) { toldWhy(t, open) })
	t.Run("refused", func(t *testing.T) { refused(t, open) })
	t.Run("log-ins at once", func(t *testing.T) { atOnce(t, open) })
}

// A node is a server of the application.
type node struct {
	*sessions.Manager[Account]
	http.Handler
}

func newNode(t *testing.T, open func(testing.TB) sessions.Store[Account], o sessions.Options) node {
	t.Helper()
	o.Logger, o.SaveTimeout = slog.New(slog.DiscardHandler), time.Minute // a busy machine may take seconds
	m, err := sessions.New(open(t), &o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Get[Account](r)
		if err != nil {
			sessions.Fail[Account](w, r, err)
			return
		}
		end, err := sessions.Ended[Account](r)
		fmt.Fprintf(w, "user=%s notes=%d ended=%s %v", s.Value().User, len(s.Value().Notes), end.Reason, err)
	})
	mux.HandleFunc("POST /note", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[Account]) {
		s.Update(func(a *Account) { a.Notes = append(a.Notes, "note") })
	}))
	mux.HandleFunc("POST /login", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[Account]) {
		s.LogIn(func(a *Account) { a.User = r.FormValue("user") })
		if err := s.Commit(r.Context()); errors.Is(err, sessions.ErrTooManySessions) {
			s.Discard()
			http.Error(w, "refused", http.StatusForbidden)
		} else if err != nil {
			sessions.Fail[Account](w, r, err)
		}
	}))
	mux.HandleFunc("POST /logout", sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[Account]) {
		s.Destroy()
	}))
	return node{m, m.Handler(mux)}
}

func logIn(c *sessiontest.Client, user string) *sessiontest.Page {
	return c.Post("/login", url.Values{"user": {user}})
}

// owned returns the IDs of the user's sessions.
func (n node) owned(t *testing.T, user string) (ids []sessions.ID) {
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
func toldWhy(t *testing.T, open func(testing.TB) sessions.Store[Account]) {
	o := sessions.Options{KeepEnded: time.Hour, MaxPerOwner: 1}
	one, two := newNode(t, open, o), newNode(t, open, o)
	for name, test := range map[string]struct {
		end  func(user string, id sessions.ID) error
		told sessions.Reason
	}{
		"revoked": {func(user string, id sessions.ID) error { return two.Revoke(t.Context(), user, id, "") }, sessions.ReasonRevoked},
		"all revoked": {func(user string, id sessions.ID) error {
			_, err := two.RevokeAll(t.Context(), user, "password_changed")
			return err
		}, "password_changed"},
		"an operator": {func(_ string, id sessions.ID) error { return two.End(t.Context(), id, "") }, sessions.ReasonOperator},
		"pushed out": {func(user string, _ sessions.ID) error {
			logIn(sessiontest.NewClient(t, two), user).HasStatus(http.StatusOK)
			return nil
		}, sessions.ReasonMaxPerOwner},
	} {
		t.Run(name, func(t *testing.T) {
			user := "user of " + name
			browser := sessiontest.NewClient(t, one)
			browser.Post("/note", nil)
			logIn(browser, user).HasStatus(http.StatusOK)
			browser.Get("/").Has("user=" + user + " notes=1 ended= <nil>")
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
			page.Has("user= notes=0 ended=" + string(test.told) + " <nil>")
			copied.Get("/").Has("ended=" + string(test.told))
			if _, err := two.Record(t.Context(), ids[0]); !errors.Is(err, sessions.ErrNotFound) {
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
			browser.Get("/").Has("user= notes=0 ended= <nil>") // there is no token any more
		})
	}
}

// A log-in at the bound is refused. It leaves the visitor as he was, and the others too.
func refused(t *testing.T, open func(testing.TB) sessions.Store[Account]) {
	o := sessions.Options{MaxPerOwner: 1, AtMax: sessions.RefuseLogIn}
	one, two := newNode(t, open, o), newNode(t, open, o)
	first, second := sessiontest.NewClient(t, one), sessiontest.NewClient(t, two)
	logIn(first, "ada").HasStatus(http.StatusOK)
	second.Post("/note", nil)
	for range 2 {
		logIn(second, "ada").HasStatus(http.StatusForbidden).Has("refused").Told(sessiontest.NoNews)
		second.Get("/").Has("user= notes=1")
		first.Get("/").Has("user=ada")
	}
	if n := len(two.owned(t, "ada")); n != 1 {
		t.Errorf("%d sessions", n)
	}
	first.Post("/logout", nil)
	logIn(second, "ada").HasStatus(http.StatusOK)
	second.Get("/").Has("user=ada notes=1")
}

// Of many log-ins at once on two nodes, as many succeed as there is room for.
func atOnce(t *testing.T, open func(testing.TB) sessions.Store[Account]) {
	for round := range 5 {
		const most, logIns = 3, 12
		user := fmt.Sprint("user ", round)
		o := sessions.Options{MaxPerOwner: most, AtMax: sessions.RefuseLogIn}
		nodes := []node{newNode(t, open, o), newNode(t, open, o)}
		var done, refused atomic.Int64
		var all sync.WaitGroup
		for i := range logIns {
			all.Go(func() {
				s, err := nodes[i%2].Open(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				s.LogIn(func(a *Account) { a.User = user })
				switch err := s.Commit(t.Context()); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, sessions.ErrTooManySessions):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(nodes[0].owned(t, user)); done.Load() != most || refused.Load() != logIns-most || n != most {
			t.Errorf("%d done, %d refused, %d sessions", done.Load(), refused.Load(), n)
		}
	}
}
