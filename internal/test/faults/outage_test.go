package faults_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
)

// soon is less than a request would take that waited as long as the client of Redis
// does or as it may save, which is patience. Only a time-out that was given ends
// one earlier.
const soon = patience / 2

// wantUnavailable checks that no page that needs its session pretends to have
// it, and that all others do without.
func wantUnavailable(t *testing.T, s *site, cookie string, do func(target, cookie string) reply) {
	t.Helper()
	for _, target := range []string{"/read", "/add?item=lost", "/login?as=ada", "/renew", "/logout"} {
		got := do(target, cookie)
		if got.status != http.StatusServiceUnavailable || got.set != "" {
			t.Errorf("%s: %+v, want a 503 that leaves the cookie alone", target, got)
		}
		if err := s.failure(); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s: error %v, want ErrUnavailable", target, err)
		}
		if got.took > soon {
			t.Errorf("%s took %v", target, got.took)
		}
		t.Logf("%s: 503 after %v", target, got.took)
	}
	if got := do("/add?item=lost", ""); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > soon {
		t.Errorf("a new visitor: %+v", got)
	}
	for target, cookie := range map[string]string{"/plain": cookie, "/read": ""} {
		if got := do(target, cookie); got.status != http.StatusOK || got.set != "" || got.took > soon {
			t.Errorf("%s, which needs no store: %+v", target, got)
		}
	}
}

// wantRecovered checks that the session is there again, and unharmed: of the
// changes that were not acknowledged each was made once or not at all.
func wantRecovered(t *testing.T, s *site, cookie string) {
	t.Helper()
	var got reply
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // connections that broke may have to be found out first
		if got = s.get("/read", cookie); got.status == http.StatusOK || time.Now().After(end) {
			break
		}
	}
	if got.status != http.StatusOK || got.body != "first" && got.body != "first lost" {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	s := newSite(t, server.URL(), nil, nil)
	cookie := s.visitor(t)
	server.Kill()
	wantUnavailable(t, s, cookie, s.get)

	reset := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, reset.Addr())
	s = newSite(t, proxy.URL(), nil, nil)
	cookie = s.visitor(t)
	proxy.Reset()
	wantUnavailable(t, s, cookie, s.get)
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// moment is the time-out of what is to fail.
const moment = 100 * time.Millisecond

// A request that has a deadline does not wait any longer for its session.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s := newSite(t, proxy.URL(), nil, nil)
	cookie := s.visitor(t)
	proxy.BlackHole()
	wantUnavailable(t, s, cookie, func(target, cookie string) reply { return s.in(moment, target, cookie) })
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// One that has none waits as long as the client of Redis does to load, and
// SaveTimeout to save.
func TestBlackHoleWithoutDeadline(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s := newSite(t, proxy.URL(), nil, nil)
	saves := newSite(t, proxy.URL(), &sessions.Options{SaveTimeout: moment}, nil)
	loads := newSite(t, "redis://"+proxy.Addr()+"?read_timeout="+moment.String(), nil, nil)
	cookie := s.visitor(t)
	proxy.BlackHole()
	if got := saves.get("/add?item=lost", ""); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > soon {
		t.Errorf("to save: %+v", got)
	}
	if got := loads.get("/read", cookie); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > soon {
		t.Errorf("to load: %+v", got)
	}
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// A request waits for a slow store until its time is up. A write that was given
// up may still happen, but only once.
func TestStoreSlow(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s, hasty := newSite(t, proxy.URL(), nil, nil), newSite(t, proxy.URL(), &sessions.Options{SaveTimeout: moment}, nil)
	cookie := s.visitor(t)
	proxy.Delay(10 * time.Millisecond)
	if got := s.get("/add?item=second", cookie); got.status != http.StatusOK || got.body != "first second" {
		t.Errorf("10ms: %+v", got)
	}
	proxy.Pass()
	cookie = s.visitor(t)
	hasty.handle("/changed", func(r *http.Request, b *sessions.Session[basket]) {
		proxy.Hold()
		add(b, "lost")
	})
	if got := hasty.get("/changed", cookie); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > soon {
		t.Errorf("slow to save: %+v", got)
	}
	proxy.Pass() // and what was on its way arrives
	wantRecovered(t, s, cookie)
	proxy.Hold()
	wantUnavailable(t, s, cookie, func(target, cookie string) reply { return s.in(moment, target, cookie) })
	proxy.Pass()
	wantRecovered(t, s, cookie)
}
