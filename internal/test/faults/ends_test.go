package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// onEveryTopology runs a test on a single Redis and on a Cluster.
func onEveryTopology(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("standalone", func(t *testing.T) { t.Parallel(); test(t, redisserver.Start(t).URL()) })
	t.Run("cluster", func(t *testing.T) { t.Parallel(); test(t, redisserver.StartCluster(t).URL()) })
}

// A session that is ended while a slow request uses it stays ended. The slow
// request does not tell the client to go on with it, and says so if it had
// something to save.
func TestEndAgainstSlowRequest(t *testing.T) {
	t.Parallel()
	onEveryTopology(t, func(t *testing.T, url string) {
		one, other := newSite(t, url, nil, nil), newSite(t, url, nil, nil) // two nodes
		endings := map[string]func(cookie string) error{
			"log-out":   func(cookie string) error { return failing(other.get("/logout", cookie)) },
			"renewal":   func(cookie string) error { return failing(other.get("/renew", cookie)) },
			"log-in":    func(cookie string) error { return failing(other.get("/login?as=eve", cookie)) },
			"Revoke":    func(cookie string) error { return other.Revoke(context.Background(), "ada", idOf(t, cookie), "") },
			"RevokeAll": func(string) error { _, err := other.RevokeAll(context.Background(), "ada", ""); return err },
		}
		does := map[string]struct {
			work   func(*sessions.Session[basket])
			status int
		}{
			"reads":    {func(b *sessions.Session[basket]) { b.Value() }, http.StatusOK},
			"adds":     {func(b *sessions.Session[basket]) { add(b, "lost") }, http.StatusConflict},
			"renews":   {func(b *sessions.Session[basket]) { b.Renew() }, http.StatusConflict},
			"logs in":  {func(b *sessions.Session[basket]) { b.Update(func(v *basket) { v.Customer = "bob" }) }, http.StatusConflict},
			"logs out": {func(b *sessions.Session[basket]) { b.Destroy() }, 0}, // see below
		}
		for ending, end := range endings {
			for doing, do := range does {
				name := fmt.Sprintf("%s while another %s", ending, doing)
				cookie := one.customer(t, "ada")
				one.mux = http.NewServeMux()
				fault := error(nil)
				one.handle("/slow", func(_ *http.Request, b *sessions.Session[basket]) {
					do.work(b)
					fault = end(cookie)
				})
				got := one.get("/slow", cookie)
				must(t, fault)
				want := do.status
				if want == 0 {
					want = http.StatusOK // what is gone is gone, unless it goes on under another token
					if ending == "renewal" || ending == "log-in" {
						want = http.StatusConflict
					}
				}
				if got.status != want || got.set != "" && !got.clears || got.clears && doing != "logs out" {
					t.Errorf("%s: %+v, want status %d and no cookie", name, got, want)
				}
				if _, ok := one.value(t, cookie); ok {
					t.Errorf("%s: the session is back", name)
				}
				left := 0
				if ending == "renewal" || ending == "log-in" {
					left = 1
				}
				if stored := one.stored(t); len(stored) != left {
					t.Errorf("%s: %v is left, want %d sessions", name, stored, left)
				}
				for id := range one.stored(t) {
					must(t, one.store.Delete(t.Context(), id, 0))
				}
				one = newSite(t, url, nil, nil)
			}
		}
	})
}

func failing(got reply) error {
	if got.status != http.StatusOK {
		return fmt.Errorf("%+v", got)
	}
	return nil
}

// Requests that use, renew and end one session at once leave it ended, with
// nothing in its place, however they fall.
func TestEndAgainstEverything(t *testing.T) {
	t.Parallel()
	onEveryTopology(t, func(t *testing.T, url string) {
		s := newSite(t, url, nil, nil)
		for round := range 15 {
			cookie := s.customer(t, "ada")
			replies := make(chan reply)
			targets := []string{"/add?item=a", "/renew", "/add?item=b", "/read", "/renew", "/add?item=c"}
			for _, target := range targets {
				go func() { replies <- s.get(target, cookie) }()
			}
			time.Sleep(time.Duration(round%5) * 500 * time.Microsecond)
			if _, err := s.RevokeAll(t.Context(), "ada", ""); err != nil {
				t.Errorf("RevokeAll: %v", err)
			}
			for range targets {
				got := <-replies
				if got.status != http.StatusOK && got.status != http.StatusConflict {
					t.Errorf("%+v, error %v", got, s.failure())
				}
			}
			// A new visitor may have come of a change that came after the end; ada has not.
			var left []session.ID
			for id, rec := range s.stored(t) {
				if rec.Owner == "ada" {
					left = append(left, id)
				}
				must(t, s.store.Delete(t.Context(), id, 0))
			}
			if len(left) > 0 {
				t.Errorf("after RevokeAll ada has the sessions %v", left)
			}
		}
	})
}
