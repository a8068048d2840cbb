package guides_test

import (
	"encoding/gob"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	gorilla "github.com/gorilla/sessions"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func init() { gob.Register([]string{}) }

var oldCookie = http.Cookie{Name: "old", Path: "/"}

const logInBefore = "POST /login"

// oldSCS is an application that uses scs.
func oldSCS(old *scs.SessionManager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(logInBefore, func(w http.ResponseWriter, r *http.Request) {
		old.Put(r.Context(), "user", "ada")
		old.Put(r.Context(), "items", []string{"tea"})
	})
	return old.LoadAndSave(mux)
}

// oldGorilla is an application that uses gorilla/sessions.
func oldGorilla(store gorilla.Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(logInBefore, func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "old")
		s.Values["user"], s.Values["items"] = "ada", []string{"tea"}
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

func TestMovedVisitorStaysLoggedIn(t *testing.T) {
	old := scs.New()
	cookies := gorilla.NewCookieStore([]byte("an example, which is no secret at all"))
	for _, test := range []struct {
		name   string
		before http.Handler
		move   func(http.Handler) http.Handler
	}{
		{"scs", oldSCS(old), func(h http.Handler) http.Handler { return guides.MoveFromSCS(old, h) }},
		{"gorilla", oldGorilla(cookies), func(h http.Handler) http.Handler { return guides.MoveFromGorilla(cookies, oldCookie, h) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBrowser(t, test.before)
			b.do("POST", "/login")
			accounts, _ := newAccounts(t)
			b.h = accounts.Handler(test.move(guides.Routes()))

			const home = `user "ada" has ["tea"]`
			for range 2 {
				if code, text := b.do("GET", "/"); code != http.StatusOK || text != home {
					t.Errorf("%d %q", code, text)
				}
			}
			if names := strings.TrimSpace(strings.ReplaceAll(b.cookies(), "old_moved", "")); names != "__Host-session_id" {
				t.Errorf("cookies %q", names)
			}
			b.do("POST", "/logout")
			if _, text := b.do("GET", "/"); text != `user "" has []` {
				t.Errorf("after the log-out: %q", text)
			}
			if code, text := newBrowser(t, b.h).do("GET", "/"); code != http.StatusOK || text != `user "" has []` {
				t.Errorf("a new visitor: %d %q", code, text)
			}
		})
	}
}

// An old cookie is cleared if the mover is told where it is, also against the store's
// options. It never logs in again, also if the mover was told wrongly.
func TestOldCookieOfGorillaAfterALogOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		set     gorilla.Options // of the session
		told    http.Cookie
		cleared bool
	}{
		{"as the store's", gorilla.Options{Path: "/", MaxAge: 3600}, oldCookie, true},
		{"another Path", gorilla.Options{Path: "/app", MaxAge: 3600}, http.Cookie{Name: "old", Path: "/app"}, true},
		{"another Domain", gorilla.Options{Path: "/", Domain: "shop.example", MaxAge: 3600}, http.Cookie{Name: "old", Path: "/", Domain: "shop.example"}, true},
		{"a Path that the mover was not told", gorilla.Options{Path: "/app", MaxAge: 3600}, oldCookie, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var logged strings.Builder
			defer slog.SetDefault(slog.Default())
			slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
			store := gorilla.NewCookieStore([]byte("an example, which is no secret at all"))
			b := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, _ := store.Get(r, "old")
				s.Values["user"], s.Options = "ada", &test.set
				if err := s.Save(r, w); err != nil {
					t.Error(err)
				}
			}))
			at := path.Clean(test.set.Path + "/page")
			b.do("POST", at)
			accounts, _ := newAccounts(t)
			b.h = accounts.Handler(guides.MoveFromGorilla(store, test.told, sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
				if r.Method == "DELETE" {
					account.Destroy()
				}
				fmt.Fprint(w, account.Value().User)
			})))
			for range 2 {
				if _, user := b.do("GET", at); user != "ada" {
					t.Errorf("user %q after the move", user)
				}
			}
			b.do("DELETE", at)
			if _, user := b.do("GET", at); user != "" {
				t.Errorf("the old cookie logs %q in again after the log-out", user)
			}
			if warned := strings.Contains(logged.String(), "came back"); warned == test.cleared {
				t.Errorf("logged: %s", &logged)
			}
		})
	}
}

func TestMoveEndsTheOldSession(t *testing.T) {
	old := scs.New()
	b := newBrowser(t, oldSCS(old))
	b.do("POST", "/login")
	copied := newBrowser(t, nil)
	copied.jar.SetCookies(shop, b.jar.Cookies(shop))
	accounts, _ := newAccounts(t)
	h := accounts.Handler(guides.MoveFromSCS(old, guides.Routes()))
	b.h, copied.h = h, h
	b.do("GET", "/")
	if _, text := copied.do("GET", "/"); text != `user "" has []` {
		t.Errorf("the old cookie works again: %q", text)
	}
}

func TestMoveKeepsTheDeadline(t *testing.T) {
	old := scs.New()
	old.Lifetime = 2 * time.Hour
	b := newBrowser(t, oldSCS(old))
	b.do("POST", "/login")
	accounts, store := newAccounts(t)
	b.h = accounts.Handler(guides.MoveFromSCS(old, guides.Routes()))
	b.do("GET", "/")
	for rec, err := range store.All(t.Context()) {
		if left := time.Until(rec.Deadline); err != nil || left > 2*time.Hour {
			t.Errorf("%v left, %v", left, err)
		}
	}
}

func TestMoveWhileAStoreFails(t *testing.T) {
	down := errors.New("connection refused")
	t.Run("the old store", func(t *testing.T) {
		old := scs.New()
		inner := memstore.New()
		old.Store = inner
		b := newBrowser(t, oldSCS(old))
		b.do("POST", "/login")
		accounts, _ := newAccounts(t)
		b.h = accounts.Handler(guides.MoveFromSCS(old, guides.Routes()))
		old.Store = failing{inner, down}
		if code, _ := b.do("GET", "/"); code != http.StatusServiceUnavailable {
			t.Errorf("status %d", code)
		}
		old.Store = inner
		if _, text := b.do("GET", "/"); text != `user "ada" has ["tea"]` {
			t.Errorf("afterwards: %q", text)
		}
	})
	t.Run("the new store", func(t *testing.T) {
		old := scs.New()
		b := newBrowser(t, oldSCS(old))
		b.do("POST", "/login")
		accounts, store := newAccounts(t)
		b.h = accounts.Handler(guides.MoveFromSCS(old, guides.Routes()))
		store.Fail(sessiontest.OpSave, down)
		if code, _ := b.do("GET", "/"); code != http.StatusServiceUnavailable {
			t.Errorf("status %d", code)
		}
		store.Fail(sessiontest.OpSave, nil)
		if _, text := b.do("GET", "/"); text != `user "ada" has ["tea"]` {
			t.Errorf("afterwards: %q", text)
		}
	})
}

// failing is a store of scs that is down.
type failing struct {
	*memstore.MemStore
	err error
}

func (f failing) Find(string) ([]byte, bool, error) { return nil, false, f.err }

func newAccounts(t *testing.T) (*sessions.Manager[guides.Account], *sessiontest.Store[guides.Account]) {
	store := sessiontest.NewStore[guides.Account](t)
	accounts, err := sessions.New[guides.Account](store, nil)
	if err != nil {
		t.Fatal(err)
	}
	return accounts, store
}
