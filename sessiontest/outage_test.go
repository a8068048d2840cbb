package sessiontest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest"
)

// logged returns a client who is logged in, and the store.
func logged(tb testing.TB) (*sessiontest.Client, *sessiontest.Store[user]) {
	tb.Helper()
	store := sessiontest.NewStore[user](tb)
	ada := sessiontest.NewClient(tb, site(tb, store))
	ada.Post("/login", url.Values{"name": {"ada"}})
	return ada, store
}

func tags(c *sessiontest.Client) string {
	return strings.Join(sessiontest.Peek[user](c).Value().Tags, "")
}

func TestStoreDown(t *testing.T) {
	ada, store := logged(t)
	store.Down()
	ada.Get("/static").HasStatus(http.StatusOK)
	ada.Get("/").Failed(session.ErrUnavailable).Told(sessiontest.NoNews)
	store.Up()
	ada.Get("/").Failed(nil).Has("ada")
}

func TestStoreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada, store := logged(t)
		start := time.Now()
		store.Slow(time.Second)
		ada.Get("/").Has("ada")
		if took := time.Since(start); took != time.Second {
			t.Errorf("a page with one call took %v", took)
		}
		store.Slow(time.Hour)
		ada.Post("/logout", nil)
		store.Up()
		if took := time.Since(start); took > 3*time.Hour {
			t.Errorf("a log-out took %v", took)
		}
	})
}

func TestStoreLosesReplies(t *testing.T) {
	ada, store := logged(t)
	store.LoseReplies()
	store.LoseReply(sessiontest.OpLoad, nil)
	ada.Post("/tag", url.Values{"tag": {"a"}}).Failed(session.ErrUnavailable)
	store.Up()
	if got := tags(ada); got != "a" {
		t.Errorf("the tags are %q", got)
	}
}

func TestMeanwhile(t *testing.T) {
	ada, store := logged(t)
	store.ChangeMeanwhile(func(u *user) { u.Tags = append(u.Tags, "b") })
	ada.Get("/").Has("0 tags") // no commit
	tag("a")(ada)
	tag("c")(ada)
	if got := tags(ada); got != "bac" {
		t.Errorf("the tags are %q", got)
	}
	store.RenewMeanwhile()
	tag("d")(ada)
	ada.Page().HasStatus(http.StatusConflict)
	if got := store.Saved(); len(got) == 0 {
		t.Error("nothing was saved")
	}

	ada, store = logged(t)
	store.EndMeanwhile()
	ada.Post("/tag", nil).HasStatus(http.StatusConflict).Failed(session.ErrGone)
	ada.Get("/").Lacks("ada")
}

// A test that asks for another request, and then changes no session, tests nothing.
func TestMeanwhileNeverCame(t *testing.T) {
	r := &stops{recorder{TB: t}}
	var cleanups []func()
	store := sessiontest.NewStore[user](cleaner{r, &cleanups})
	store.EndMeanwhile()
	sessiontest.NewClient(t, site(t, store)).Get("/")
	for _, f := range cleanups {
		f()
	}
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "EndMeanwhile") {
		t.Errorf("the report is %q", r.errors)
	}
}

// A cleaner keeps the cleanups of its test.
type cleaner struct {
	*stops
	cleanups *[]func()
}

func (c cleaner) Cleanup(f func()) { *c.cleanups = append(*c.cleanups, f) }
