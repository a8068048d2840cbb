package sessiontest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

func tag(name string) func(*sessiontest.Client) {
	return func(tab *sessiontest.Client) { tab.Post("/tag", url.Values{"tag": {name}}) }
}

func TestEveryOrder(t *testing.T) {
	seen := map[string]int{}
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		ada := sessiontest.NewClient(t, site(t, sessiontest.NewStore[user](t)))
		ada.Post("/login", url.Values{"name": {"ada"}})
		o.Together(ada, tag("a"), tag("b"))
		tags := sessiontest.Peek[user](ada).Value().Tags
		seen[strings.Join(tags, "")]++
		if slices.Sort(tags); !slices.Equal(tags, []string{"a", "b"}) {
			t.Errorf("the tags are %q", tags)
		}
	})
	if seen["ab"] == 0 || seen["ba"] == 0 || len(seen) != 2 || seen["ab"]+seen["ba"] < 10 {
		t.Errorf("the outcomes are %v", seen)
	}
}

func TestEveryOutage(t *testing.T) {
	faults := map[string]bool{}
	sessiontest.EveryOutage(t, func(t testing.TB, o *sessiontest.Order) {
		ada := sessiontest.NewClient(t, site(t, sessiontest.NewStore[user](t)))
		ada.Post("/login", url.Values{"name": {"ada"}})
		var page *sessiontest.Page
		o.Together(ada, func(tab *sessiontest.Client) { page = tab.Post("/tag", url.Values{"tag": {"a"}}) })
		faults[o.Fault()] = true
		done := len(sessiontest.Peek[user](ada).Value().Tags) == 1
		switch lost := strings.Contains(o.Fault(), "reply is lost"); {
		case page.Err == nil && !done, page.Err != nil && done && !lost && !strings.Contains(o.Fault(), "GET /"):
			t.Errorf("the tag was added: %v, the answer: %v", done, page.Err)
		}
	})
	var all []string
	for f := range faults {
		all = append(all, f)
	}
	slices.Sort(all)
	want := []string{
		"",
		"request 1, GET /, loads session A: that fails",
		"request 1, GET /, loads session A: that is done, but its reply is lost",
		"request 1, POST /tag, loads session A: that fails",
		"request 1, POST /tag, loads session A: that is done, but its reply is lost",
		"request 1, POST /tag, saves session A: that fails",
		"request 1, POST /tag, saves session A: that is done, but its reply is lost",
	}
	if !slices.Equal(all, want) {
		t.Errorf("the faults are %q", all)
	}
}

// count is a site with a flaw: it reads in one request what it writes in another
// place, so that a click can be lost.
func count(tb testing.TB, clicks *int) http.Handler {
	users, err := middleware.New(sessiontest.NewStore[user](tb), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return users.Handler(middleware.Handle(func(w http.ResponseWriter, r *http.Request, s *session.Session[user]) {
		n := *clicks
		s.Update(func(u *user) { u.Tags = append(u.Tags, "click") })
		if err := s.Commit(r.Context()); err != nil {
			middleware.Fail[user](w, r, err)
			return
		}
		*clicks = n + 1
	}))
}

// The test fails on purpose, in the process that TestEveryOrderShowsTheOrder starts.
func TestLostClick(t *testing.T) {
	if os.Getenv("SESSIONTEST_FLAW") == "" {
		t.Skip("fails on purpose; TestEveryOrderShowsTheOrder runs it")
	}
	sessiontest.EveryOrder(t, func(t testing.TB, o *sessiontest.Order) {
		clicks := 0
		ada := sessiontest.NewClient(t, count(t, &clicks))
		ada.Post("/", nil)
		click := func(tab *sessiontest.Client) { tab.Post("/click", nil) }
		o.Together(ada, click, click)
		if clicks != 3 {
			t.Errorf("%d clicks", clicks)
		}
	})
}

func TestEveryOrderShowsTheOrder(t *testing.T) {
	run := func(order string) (report string, passed bool) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLostClick$", "-test.v")
		cmd.Env = append(os.Environ(), "SESSIONTEST_FLAW=1", sessiontest.ReplayOrder+"="+order)
		out, err := cmd.CombinedOutput()
		return string(out), err == nil
	}
	const order = `
           1. request 1, POST /click, loads session A
           2. request 2, POST /click, loads session A
           3. request 1, POST /click, saves session A
           4. request 2, POST /click, saves session A: changed by another request
           5. request 2, POST /click, loads session A
           6. request 2, POST /click, saves session A
        order_test.go:`
	first, _ := run("")
	_, choices, _ := strings.Cut(first, sessiontest.ReplayOrder+"=")
	choices, _, _ = strings.Cut(choices, " ")
	again, passed := run(choices)
	for _, out := range []string{first, again} {
		if passed || !strings.Contains(out, order) || !strings.Contains(out, "2 clicks") {
			t.Errorf("the report is\n%s", out)
		}
	}
	if out, passed := run("0.0.0"); !passed || !strings.Contains(out, "1 orders") {
		t.Errorf("a good order did not run alone:\n%s", out)
	}
	if out, passed := run("x"); passed || !strings.Contains(out, `"x"`) {
		t.Errorf("a mistake in %s:\n%s", sessiontest.ReplayOrder, out)
	}
}

// Whatever happens beside a log-out, and to the store, a visitor who is logged out is told
// so, or at least that the session is over.
func TestEveryOutageOfANotedLogOut(t *testing.T) {
	told := map[string]bool{}
	sessiontest.EveryOutage(t, func(t testing.TB, o *sessiontest.Order) {
		users, err := middleware.New(sessiontest.NewStore[user](t), &middleware.Options{KeepEnded: time.Hour, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		mux.Handle("POST /login", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[user]) {
			s.LogIn(func(u *user) { u.Name = "ada" })
		}))
		mux.Handle("POST /tag", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[user]) {
			s.Update(func(u *user) { u.Tags = append(u.Tags, "a") })
		}))
		mux.Handle("POST /logout", middleware.Handle(func(_ http.ResponseWriter, _ *http.Request, s *session.Session[user]) { s.Destroy() }))
		mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
			e, err := middleware.Ended[user](r)
			fmt.Fprintf(w, "ended: %q, %v", e.Reason, err)
		})
		ada := sessiontest.NewClient(t, users.Handler(mux))
		ada.Post("/login", nil)
		phone := ada.Copy()
		var out *sessiontest.Page
		o.Together(ada, func(tab *sessiontest.Client) { out = tab.Post("/logout", nil) }, tag("a"))
		page := phone.Get("/").Text()
		told[page] = true
		if out.Err == nil && strings.Contains(page, `""`) || o.Fault() == "" && !strings.Contains(page, "logged_out") {
			t.Errorf("the log-out failed with %v, and the visitor is told %s", out.Err, page)
		}
	})
	if len(told) < 2 {
		t.Errorf("visitors are told %v", told)
	}
}
