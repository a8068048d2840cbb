package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/redisserver"
)

const (
	idle     = 30 * time.Minute
	lifetime = 4 * time.Hour
	margin   = time.Minute // by which an index outlives its last entry
)

// onNode runs a test as a node whose clock is off by so much. Its clock is that
// of a bubble, which stands still while Redis, outside, is at work.
func onNode(t *testing.T, url string, off time.Duration, do func(t *testing.T, s *site)) {
	t.Helper()
	real := time.Now()
	t.Run(fmt.Sprintf("clock %+v", off.Round(time.Minute)), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(real.Add(off)))
			do(t, newSite(t, url, &sessions.Options{Lifetime: lifetime, IdleTimeout: idle}, nil))
		})
	})
}

// wantEveryKeyToExpire checks every key in Redis, and returns how many there are.
func wantEveryKeyToExpire(t *testing.T, s *site, skew time.Duration) int {
	t.Helper()
	ctx := context.Background()
	keys, err := s.client.Keys(ctx, "*").Result()
	must(t, err)
	for _, key := range keys {
		ttl, err := s.client.PTTL(ctx, key).Result()
		must(t, err)
		most := idle
		if len(key) > len(namespace)+len(":owner:") && key[:len(namespace)+7] == namespace+":owner:" {
			most = lifetime + skew + margin
		}
		if ttl <= 0 || ttl > most {
			t.Errorf("%s lives for %v, want at most %v", key, ttl, most)
		}
	}
	return len(keys)
}

// Whatever the clocks of the nodes say: a session begun on one works on the
// others, no key stays for ever, a session that is not used ends when its idle
// time is over, and one that is used ends at the deadline that it was given.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	url := redisserver.Start(t).URL()
	skews := []time.Duration{-time.Hour, 0, time.Hour}
	for _, first := range skews {
		var cookie string
		onNode(t, url, first, func(t *testing.T, s *site) { cookie = s.customer(t, "ada") })
		for round := range 2 {
			for _, second := range skews {
				onNode(t, url, second, func(t *testing.T, s *site) {
					for _, target := range []string{"/read", fmt.Sprintf("/add?item=%d", round), "/read"} {
						if got := s.get(target, cookie); got.status != http.StatusOK || got.body == "" || got.set != "" {
							t.Errorf("%s: %+v", target, got)
						}
					}
					found := 0
					for rec, err := range s.ByOwner(context.Background(), "ada") {
						must(t, err)
						if found++; rec.Deadline.Sub(rec.Renewed) > lifetime {
							t.Errorf("the session may live for %v", rec.Deadline.Sub(rec.Renewed))
						}
					}
					if found == 0 {
						t.Error("the owner has no session here")
					}
					if n := wantEveryKeyToExpire(t, s, 2*time.Hour); n < 2 {
						t.Errorf("only %d keys", n)
					}
				})
			}
		}
		// Used all the time, it ends when the node that it is used on has its deadline.
		onNode(t, url, first+lifetime+time.Second, func(t *testing.T, s *site) {
			if got := s.get("/read", cookie); got.status != http.StatusOK || got.body != "" {
				t.Errorf("after its lifetime: %+v", got)
			}
			if got := s.get("/add?item=new", cookie); got.status != http.StatusOK || got.set == "" || got.set == cookie || got.body != "new" {
				t.Errorf("after its lifetime: %+v", got)
			}
		})
		onNode(t, url, -first, func(t *testing.T, s *site) {
			if n, err := s.RevokeAll(context.Background(), "ada", ""); n != 1 || err != nil {
				t.Errorf("RevokeAll ended %d, error %v", n, err)
			}
		})
	}
}

// A session in use does not end because a node whose clock is ahead has put its
// end far off, so that the others might take it that there is time.
func TestClockSkewAndIdleTime(t *testing.T) {
	t.Parallel()
	url := redisserver.Start(t).URL()
	for _, first := range []time.Duration{time.Hour, -time.Hour} {
		var cookie string
		onNode(t, url, first, func(t *testing.T, s *site) { cookie = s.visitor(t) })
		onNode(t, url, 0, func(t *testing.T, s *site) {
			ctx, key := context.Background(), keyOf(t, cookie)
			must(t, s.client.PExpire(ctx, key, idle/2).Err()) // as if so much time had passed
			if got := s.get("/read", cookie); got.body != "first" {
				t.Errorf("%+v", got)
			}
			if ttl, err := s.client.PTTL(ctx, key).Result(); ttl < idle-time.Minute || err != nil {
				t.Errorf("just used, the session ends in %v, error %v", ttl, err)
			}
		})
	}
}

// A node that is wrong by more than a session's lifetime makes sessions that are
// over for the others: they end early, and never late. The others' stay.
func TestClockSkewBeyondLifetime(t *testing.T) {
	t.Parallel()
	url := redisserver.Start(t).URL()
	const skew = lifetime + time.Hour
	var cookie string
	onNode(t, url, -skew, func(t *testing.T, s *site) {
		cookie = s.customer(t, "ada")
		if got := s.get("/read", cookie); got.body != "first" {
			t.Errorf("on the node itself: %+v", got)
		}
	})
	onNode(t, url, 0, func(t *testing.T, s *site) {
		wantNewSession(t, s, cookie)
		cookie = s.customer(t, "ada")
	})
	onNode(t, url, skew, func(t *testing.T, s *site) { s.customer(t, "ada") })
	onNode(t, url, 0, func(t *testing.T, s *site) {
		wantEveryKeyToExpire(t, s, 2*skew)
		found := false
		for rec, err := range s.ByOwner(context.Background(), "ada") {
			must(t, err)
			found = found || rec.ID == idOf(t, cookie)
		}
		if !found {
			t.Error("a node that is ahead has taken a session out of its owner's list")
		}
	})
}
