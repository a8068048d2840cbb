package sqlserver_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A request changes its session in a transaction that is committed or rolled back. The
// response has a cookie only if its session is there.
func TestCookiesAroundATransaction(t *testing.T) {
	requests := map[string]struct {
		visitor bool // has a session already
		change  func(*session.Session[cart])
		cookie  bool // of the response, if the transaction is committed
	}{
		"new":    {false, func(s *session.Session[cart]) { s.Set(cart{"ada", []string{"tea"}}) }, true},
		"log-in": {true, func(s *session.Session[cart]) { s.LogIn(func(c *cart) { c.Customer = "bob" }) }, true},
		"renew":  {true, func(s *session.Session[cart]) { s.Renew() }, true},
		"change": {true, func(s *session.Session[cart]) { s.Update(func(c *cart) { c.Items = nil }) }, false},
	}
	sqlserver.OnAll(t, func(t *testing.T, db *sql.DB) {
		store := newStore(t, db, "sessions")
		m, err := sessions.New[cart](store, nil)
		must(t, err)
		for name, request := range requests {
			for _, ends := range []error{nil, errRefused} {
				t.Run(name+map[bool]string{true: ", commit", false: ", rollback"}[ends == nil], func(t *testing.T) {
					visit := func(cookie string) (set string) {
						h := m.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[cart]) {
							err := sqlstore.Transact(r.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
								request.change(s)
								must(t, s.Commit(ctx))
								return ends
							})
							if !errors.Is(err, ends) {
								t.Errorf("got %v", err)
							}
						}))
						return setCookie(h, cookie)
					}
					old := ""
					if request.visitor {
						old = setCookie(m.Handler(sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[cart]) {
							s.Set(cart{"ada", []string{"tea"}})
						})), "")
					}
					set := visit(old)
					if want := request.cookie && ends == nil; (set != "") != want {
						t.Fatalf("the response sets %q", set)
					}
					now := set
					if now == "" {
						now = old
					}
					if live := now != ""; live != exists(m, now) {
						t.Errorf("the cookie %q: its session lives: %v", now, !live)
					}
				})
			}
		}
	})
}

// setCookie returns the cookie that a handler sets for a request with a cookie.
func setCookie(h http.Handler, cookie string) string {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	set, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return set
}

// exists reports whether a cookie is that of a session.
func exists(m *sessions.Manager[cart], cookie string) (live bool) {
	setCookie(m.Handler(sessions.Handle(func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session[cart]) {
		_, live = s.Token()
	})), cookie)
	return live
}
