package sessiontest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/browser"
)

// account returns a manager and its handler, which greets a customer.
func account(tb testing.TB, store session.Store[Cart], o *middleware.Options) (*middleware.Manager[Cart], http.Handler) {
	tb.Helper()
	carts, err := middleware.New(store, o)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /account", middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		if cart.Value().Customer == "" {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		fmt.Fprint(w, "Hello ", cart.Value().Customer)
	}))
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Who are you?") })
	return carts, carts.Handler(mux)
}

func ExampleLogIn() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	_, handler := account(t, store, nil)
	ada := sessiontest.NewClient(t, handler)
	sessiontest.LogIn(ada, Cart{Customer: "ada"})

	fmt.Println(ada.Get("/account").Text(), len(store.Saved()))
	// Output: Hello ada 0
}

func ExampleLogInTab() {
	ctx := context.Background()
	carts, handler := account(new(testing.T), sessiontest.NewStore[Cart](nil), nil)
	b, err := browser.New(handler, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tab := b.Tab()
	if err := sessiontest.LogInTab(ctx, tab, carts, Cart{Customer: "ada"}); err != nil {
		fmt.Println(err)
		return
	}
	page, err := tab.Get(ctx, "/account")
	fmt.Println(page.Text(), err)
	// Output: Hello ada <nil>
}

// The log-in is the manager's own: its cookie, its signature, its header, its owner.
func TestLogIn(t *testing.T) {
	for name, o := range map[string]*middleware.Options{
		"the default":        nil,
		"a signed cookie":    {Secrets: [][]byte{[]byte(strings.Repeat("s", 32))}, Cookie: middleware.Cookie{Name: "sid"}},
		"a header":           {Transport: middleware.HeaderTransport("X-Session-Token")},
		"a cookie by tenant": {Secrets: [][]byte{[]byte(strings.Repeat("s", 32))}, CookieFor: func(r *http.Request, c middleware.Cookie) middleware.Cookie { c.Name = r.Host; return c }},
	} {
		t.Run(name, func(t *testing.T) {
			store := sessiontest.NewStore[Cart](t)
			_, handler := account(t, store, o)
			store.Down() // no fault hinders it
			ada := sessiontest.NewClient(t, handler)
			bob := ada.Other()
			sessiontest.LogIn(ada, Cart{Customer: "ada"})
			sessiontest.LogIn(bob, Cart{Customer: "bob"})
			store.Up()
			if calls := store.Calls(); len(calls) != 0 {
				t.Errorf("the store has recorded %v", calls)
			}
			ada.Get("/account").Has("Hello ada")
			bob.Get("/account").Has("Hello bob")
			owned := 0
			for range store.Direct().ByOwner(t.Context(), "ada") {
				owned++
			}
			if owned != 1 || sessiontest.Peek[Cart](ada).LoggedIn().IsZero() {
				t.Errorf("ada owns %d sessions, and logged in at %v", owned, sessiontest.Peek[Cart](ada).LoggedIn())
			}
		})
	}
}

func TestLogInNeedsAManager(t *testing.T) {
	tb := &failing{TB: t}
	tb.run(func() { sessiontest.LogIn(sessiontest.NewClient(tb, http.NotFoundHandler()), Cart{}) })
	if !strings.Contains(tb.text, "no manager of sessions of type sessiontest_test.Cart serves /") {
		t.Errorf("the test fails by %q", tb.text)
	}
}

// failing keeps what a test says when it fails.
type failing struct {
	testing.TB
	text string
}

func (f *failing) run(test func()) {
	done := make(chan struct{})
	go func() { defer close(done); test() }()
	<-done
}
func (f *failing) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }
func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// What an edit does besides changing its argument shows when it runs again.
func TestEditsRunTwice(t *testing.T) {
	var outside atomic.Int64
	items := []string{"tea"}
	for name, tt := range map[string]struct {
		edit   func(*Cart)
		differ string
	}{
		"pure":                           {func(c *Cart) { c.Items = append(c.Items, "mug") }, ""},
		"a variable that it sets":        {func(c *Cart) { items = c.Items; c.Items = append([]string{"mug"}, c.Items...) }, ""},
		"no change":                      {func(c *Cart) { outside.Add(1) }, ""},
		"a counter outside":              {func(c *Cart) { c.Items = append(c.Items, fmt.Sprint(outside.Add(1))) }, "Items"},
		"a list outside that it adds to": {func(c *Cart) { items = append(items, "mug"); c.Items = append([]string(nil), items...) }, "Items"},
	} {
		t.Run(name, func(t *testing.T) {
			tb := &failing{TB: t}
			store := sessiontest.NewStore[Cart](tb)
			carts, err := middleware.New(store, nil)
			if err != nil {
				t.Fatal(err)
			}
			ada := sessiontest.NewClient(t, carts.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
				cart.Update(tt.edit)
			})))
			for _, off := range []bool{false, true} {
				tb.text = ""
				if off {
					store.RunEditsOnce()
				}
				sessiontest.LogIn(ada, Cart{Customer: "ada", Items: []string{"tea"}})
				store.Reset()
				ada.Post("/", url.Values{}).HasStatus(http.StatusOK)
				if got := tb.text; off && got != "" || !off && (got == "") != (tt.differ == "") || !off && !strings.Contains(got, tt.differ) {
					t.Errorf("off %v: the test fails by %q", off, got)
				}
				if n := len(store.Calls()); n > 2 {
					t.Errorf("the store has recorded %d calls: %v", n, store.Calls())
				}
			}
		})
	}
}

// A log-in that may be refused stores a note beside its session: each is a write, and
// the edits run again once.
func TestEditsRunTwiceBesideANote(t *testing.T) {
	carts, err := middleware.New(sessiontest.NewStore[Cart](t), &middleware.Options{MaxPerOwner: 1, AtMax: session.RefuseLogIn})
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	ada := sessiontest.NewClient(t, carts.Handler(middleware.Handle(func(_ http.ResponseWriter, r *http.Request, cart *session.Session[Cart]) {
		if r.Method == http.MethodGet {
			cart.Update(func(c *Cart) { c.Items = []string{"tea"} })
			return
		}
		cart.LogIn(func(c *Cart) { runs++; c.Customer = "ada" })
	})))
	ada.Get("/")
	ada.Post("/", url.Values{}).HasStatus(http.StatusOK)
	if v := sessiontest.Peek[Cart](ada).Value(); runs != 2 || v.Customer != "ada" || len(v.Items) != 1 {
		t.Errorf("after %d runs of the edit: %+v", runs, v)
	}
}

// A moment passes between the two runs.
func TestEditsMayNoteTheTime(t *testing.T) {
	type seen struct{ At time.Time }
	store := sessiontest.NewStore[seen](t)
	visits, err := middleware.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	ada := sessiontest.NewClient(t, visits.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[seen]) {
		s.Update(func(v *seen) { v.At = time.Now() })
	})))
	ada.Get("/")
	ada.Get("/")
}

func ExampleStore_Age() {
	t := new(testing.T) // the test's own

	store := sessiontest.NewStore[Cart](t)
	_, handler := account(t, store, nil)
	ada := sessiontest.NewClient(t, handler)
	sessiontest.LogIn(ada, Cart{Customer: "ada"})
	store.Age(59 * time.Minute)
	fmt.Println(ada.Get("/account").Text())
	store.Age(61 * time.Minute)
	fmt.Println(ada.Get("/account").Text())
	// Output:
	// Hello ada
	// Who are you?
}

// The two ways to let time pass lead to the same pages.
func TestTimePasses(t *testing.T) {
	walk := func(t *testing.T, pass func(store *sessiontest.Store[Cart], d time.Duration)) {
		store := sessiontest.NewStore[Cart](t)
		_, handler := account(t, store, nil)
		ada := sessiontest.NewClient(t, handler)
		sessiontest.LogIn(ada, Cart{Customer: "ada"})
		for range 30 { // used, the session lives for a day
			if pass(store, 50*time.Minute); ada.Get("/account").URL.Path == "/login" {
				break
			}
		}
		ada.Get("/account").At("/login")
		sessiontest.LogIn(ada, Cart{Customer: "ada"})
		ada.Get("/account").At("/account")
		pass(store, session.DefaultIdleTimeout)
		ada.Get("/account").At("/login")
	}
	t.Run("in a bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { walk(t, func(_ *sessiontest.Store[Cart], d time.Duration) { time.Sleep(d) }) })
	})
	t.Run("by age", func(t *testing.T) { walk(t, (*sessiontest.Store[Cart]).Age) })
}
