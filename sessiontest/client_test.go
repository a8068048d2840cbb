package sessiontest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// site is a small application, whose sessions are kept in store.
func site(tb testing.TB, store session.Store[user]) http.Handler {
	tb.Helper()
	users, err := middleware.New(store, nil)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
		fmt.Fprintf(w, "Hello <b>%s</b>, %d tags", s.Value().Name, len(s.Value().Tags))
	}))
	mux.HandleFunc("POST /login", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
		name := r.FormValue("name")
		s.LogIn(func(u *user) { u.Name = name })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	mux.HandleFunc("POST /tag", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
		tag := r.FormValue("tag")
		s.Update(func(u *user) { u.Tags = append(u.Tags, tag) })
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	mux.HandleFunc("POST /logout", middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
		s.Destroy()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	mux.HandleFunc("GET /static", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "body {}") })
	return users.Handler(mux)
}

func TestClientWalksAFlow(t *testing.T) {
	store := sessiontest.NewStore[user](t)
	ada := sessiontest.NewClient(t, site(t, store))
	ada.Get("/").At("/").Has("Hello <b></b>", "Hello , 0 tags").Told(sessiontest.NoNews)
	if !sessiontest.Peek[user](ada).IsNew() {
		t.Error("a visitor who only looks has a session")
	}
	ada.Post("/tag", url.Values{"tag": {"a"}}).At("/").Has("1 tags").Told(sessiontest.CookieSet)
	ada.Post("/login", url.Values{"name": {"ada"}}).At("/").Has("Hello ada").Told(sessiontest.CookieRenewed)
	sessiontest.Equal(t, sessiontest.Peek[user](ada), user{Name: "ada", Tags: []string{"a"}})

	ada.Tab().Get("/").Has("Hello ada")
	ada.Other().Get("/").Lacks("ada")
	thief := ada.Copy()
	ada.Post("/logout", nil).At("/").Lacks("ada").Told(sessiontest.CookieCleared)
	thief.Get("/").Lacks("ada")
}

// The session is the browser's own, even in a tab that shows another site.
func TestPeekOnAnotherSite(t *testing.T) {
	ada, _ := logged(t)
	evil := ada.TabAt("https://evil.test/a")
	evil.Get("/static")
	evil.Get("/").Has("ada")
	if name := sessiontest.Peek[user](evil).Value().Name; name != "ada" {
		t.Errorf("the session is of %q", name)
	}
	if name := sessiontest.Peek[user](ada.TabAt("https://evil.test/a")).Value().Name; name != "ada" {
		t.Errorf("in a tab without a request, the session is of %q", name)
	}
}

func TestPeekLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := sessiontest.NewStore[user](t)
		ada := sessiontest.NewClient(t, site(t, store))
		ada.Post("/login", url.Values{"name": {"ada"}})
		expires := sessiontest.Peek[user](ada).Expires()
		time.Sleep(session.DefaultIdleTimeout - time.Minute)
		store.Reset()
		store.Fail(sessiontest.OpLoad, errors.New("down"))
		if s := sessiontest.Peek[user](ada); s.Expires() != expires || s.Value().Name != "ada" {
			t.Errorf("the session of %q expires at %v, not %v", s.Value().Name, s.Expires(), expires)
		}
		if calls := store.Calls(); calls != nil {
			t.Errorf("Peek was recorded: %v", calls)
		}
		time.Sleep(2 * time.Minute)
		if !sessiontest.Peek[user](ada).IsNew() {
			t.Error("Peek has prolonged the session")
		}
	})
}

func TestClientWaitsThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users, err := middleware.New(sessiontest.NewStore[user](t), &middleware.Options{Remember: session.Remember{Lifetime: 30 * 24 * time.Hour, All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h := users.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
			if r.Method == http.MethodPost {
				s.LogIn(func(u *user) { u.Name = "ada" })
			}
			fmt.Fprint(w, s.Value().Name)
		}))
		ada := sessiontest.NewClient(t, h)
		ada.Post("/", nil)
		time.Sleep(30*24*time.Hour - time.Second)
		ada.Get("/").Has("ada")
		time.Sleep(2 * time.Second)
		ada.Get("/").Lacks("ada")
		if n := len(ada.Cookies()); n != 0 {
			t.Errorf("%d cookies", n)
		}
	})
}

func TestPageErr(t *testing.T) {
	store := sessiontest.NewStore[user](t)
	ada := sessiontest.NewClient(t, site(t, store))
	ada.Post("/login", url.Values{"name": {"ada"}}).Failed(nil)
	store.Fail(sessiontest.OpSave, errors.New("disk full"))
	ada.Post("/tag", url.Values{"tag": {"a"}}).HasStatus(503).Failed(session.ErrUnavailable).Told(sessiontest.NoNews)
	store.Fail(sessiontest.OpSave, nil)
	store.Before(func(c sessiontest.Call) {
		if c.Op == sessiontest.OpSave {
			store.Direct().Delete(t.Context(), c.ID, 0)
		}
	})
	ada.Post("/tag", url.Values{"tag": {"a"}}).HasStatus(409).Failed(session.ErrGone)
}

// stops is a testing.TB that records failures. Fatal ends the goroutine.
type stops struct{ recorder }

func (s *stops) Error(args ...any) { s.errors = append(s.errors, fmt.Sprint(args...)) }

func (s *stops) Fatal(args ...any) {
	s.Error(args...)
	panic(s)
}

func (s *stops) Fatalf(format string, args ...any) { s.Fatal(fmt.Sprintf(format, args...)) }

// failures returns what a test that does this reports.
func failures(t *testing.T, do func(tb testing.TB)) (found string) {
	s := &stops{recorder{TB: t}}
	defer func() {
		if p := recover(); p != nil && p != any(s) {
			panic(p)
		}
		found = strings.Join(s.errors, "\n")
	}()
	do(s)
	return ""
}

func TestClientFailsTheTest(t *testing.T) {
	h := site(t, sessiontest.NewStore[user](t))
	for name, test := range map[string]struct {
		do   func(ada *sessiontest.Client)
		want []string
	}{
		"At":            {func(ada *sessiontest.Client) { ada.Get("/").At("/cart") }, []string{"GET / 200", "not /cart"}},
		"At with 404":   {func(ada *sessiontest.Client) { ada.Get("/lost").At("/lost") }, []string{"GET /lost 404", "status 404"}},
		"HasStatus":     {func(ada *sessiontest.Client) { ada.Get("/").HasStatus(404) }, []string{"GET / 200", "not 404"}},
		"Has":           {func(ada *sessiontest.Client) { ada.Get("/").Has("Hello", "bob") }, []string{`"bob"`, "Hello <b></b>"}},
		"Lacks":         {func(ada *sessiontest.Client) { ada.Get("/").Lacks("Hello") }, []string{`"Hello"`}},
		"Told":          {func(ada *sessiontest.Client) { ada.Post("/login", nil).Told(sessiontest.NoNews) }, []string{"POST /login 303, GET / 200", "was set", "left as it was"}},
		"Failed":        {func(ada *sessiontest.Client) { ada.Get("/").Failed(session.ErrGone) }, []string{"<nil>", session.ErrGone.Error()}},
		"Get":           {func(ada *sessiontest.Client) { ada.Get("ftp://example.com") }, []string{"GET ftp://example.com", "no"}},
		"Submit":        {func(ada *sessiontest.Client) { ada.Get("/"); ada.Submit("Log in", nil) }, []string{"Submit Log in", "GET / 200", "no button"}},
		"Click":         {func(ada *sessiontest.Client) { ada.Get("/"); ada.Click("Log in") }, []string{"Click Log in", "GET / 200", "links"}},
		"Back":          {func(ada *sessiontest.Client) { ada.Back() }, []string{"Back", "no page"}},
		"Reload":        {func(ada *sessiontest.Client) { ada.Reload() }, []string{"Reload", "no page"}},
		"Page":          {func(ada *sessiontest.Client) { ada.Page() }, []string{"no page"}},
		"Cookie":        {func(ada *sessiontest.Client) { ada.Post("/login", nil); ada.Cookie("id") }, []string{"0 cookies id", "__Host-session_id"}},
		"Peek too soon": {func(ada *sessiontest.Client) { sessiontest.Peek[user](ada) }, []string{"Peek", "sessiontest_test.user"}},
		"Peek's type":   {func(ada *sessiontest.Client) { ada.Get("/"); sessiontest.Peek[Cart](ada) }, []string{"Peek", "sessiontest_test.Cart"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := failures(t, func(tb testing.TB) { test.do(sessiontest.NewClient(tb, h)) })
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("the report does not say %q:\n%s", want, got)
				}
			}
			if got == "" {
				t.Error("the test did not fail")
			}
		})
	}
}
