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

// slack is what a loaded machine may take beyond a deadline.
const slack = time.Second

// wantUnavailable checks that no page that needs its session pretends to have
// it, and that all others do without.
func wantUnavailable(t *testing.T, s *site, cookie string, within time.Duration, do func(target, cookie string) reply) {
	t.Helper()
	for _, target := range []string{"/read", "/add?item=lost", "/login?as=ada", "/renew", "/logout"} {
		got := do(target, cookie)
		if got.status != http.StatusServiceUnavailable || got.set != "" {
			t.Errorf("%s: %+v, want a 503 that leaves the cookie alone", target, got)
		}
		if err := s.failure(); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s: error %v, want ErrUnavailable", target, err)
		}
		if got.took > within+slack {
			t.Errorf("%s took %v, want %v", target, got.took, within)
		}
		t.Logf("%s: 503 after %v", target, got.took)
	}
	if got := do("/add?item=lost", ""); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > within+slack {
		t.Errorf("a new visitor: %+v", got)
	}
	for target, cookie := range map[string]string{"/plain": cookie, "/read": ""} {
		if got := do(target, cookie); got.status != http.StatusOK || got.set != "" || got.took > slack {
			t.Errorf("%s, which needs no store: %+v", target, got)
		}
	}
}

// wantRecovered checks that the session is there again, and unharmed: of the
// changes that were not acknowledged each was made once or not at all.
func wantRecovered(t *testing.T, s *site, cookie string) {
	t.Helper()
	var got reply
	for range 20 { // connections that broke may have to be found out first
		if got = s.get("/read", cookie); got.status == http.StatusOK {
			break
		}
		time.Sleep(50 * time.Millisecond)
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
	wantUnavailable(t, s, cookie, time.Second, s.get)

	reset := redisserver.Start(t)
	proxy := redisserver.NewProxy(t, reset.Addr())
	s = newSite(t, proxy.URL(), nil, nil)
	cookie = s.visitor(t)
	proxy.Reset()
	wantUnavailable(t, s, cookie, time.Second, s.get)
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// A request that has a deadline does not wait any longer for its session.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s := newSite(t, proxy.URL(), nil, nil)
	cookie := s.visitor(t)
	proxy.BlackHole()
	const deadline = 100 * time.Millisecond
	wantUnavailable(t, s, cookie, deadline, func(target, cookie string) reply { return s.in(deadline, target, cookie) })
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// One that has none waits as long as the client of Redis does to load, and
// SaveTimeout to save.
func TestBlackHoleWithoutDeadline(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s := newSite(t, proxy.URL(), &sessions.Options{SaveTimeout: 100 * time.Millisecond}, nil)
	cookie := s.visitor(t)
	proxy.BlackHole()
	if got := s.get("/add?item=lost", ""); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > 100*time.Millisecond+slack {
		t.Errorf("to save: %+v", got)
	} else {
		t.Logf("to save: 503 after %v", got.took)
	}
	if got := s.get("/read", cookie); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > 4*time.Second+slack {
		t.Errorf("to load: %+v", got)
	} else {
		t.Logf("to load: 503 after %v", got.took)
	}
	proxy.Pass()
	wantRecovered(t, s, cookie)
}

// A request waits for a slow store until its time is up. A write that was given
// up may still happen, but only once.
func TestStoreSlow(t *testing.T) {
	t.Parallel()
	proxy := redisserver.NewProxy(t, redisserver.Start(t).Addr())
	s := newSite(t, proxy.URL(), &sessions.Options{SaveTimeout: 100 * time.Millisecond}, nil)
	cookie := s.visitor(t)
	proxy.Delay(10 * time.Millisecond)
	if got := s.get("/add?item=second", cookie); got.status != http.StatusOK || got.body != "first second" {
		t.Errorf("10ms: %+v", got)
	}
	cookie = s.visitor(t)
	s.handle("/changed", func(r *http.Request, b *sessions.Session[basket]) {
		proxy.Delay(150 * time.Millisecond)
		add(b, "lost")
	})
	if got := s.get("/changed", cookie); got.status != http.StatusServiceUnavailable || got.set != "" || got.took > 100*time.Millisecond+slack {
		t.Errorf("slow to save: %+v", got)
	}
	time.Sleep(200 * time.Millisecond)
	proxy.Delay(300 * time.Millisecond)
	wantUnavailable(t, s, cookie, 100*time.Millisecond, func(target, cookie string) reply {
		return s.in(100*time.Millisecond, target, cookie)
	})
	proxy.Pass()
	time.Sleep(400 * time.Millisecond) // what was on its way arrives
	wantRecovered(t, s, cookie)
}
